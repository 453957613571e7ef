// What the target is likely to refuse, reported before a clone: what only a superuser may do, as far as the catalogs of the
// target and the facts of the source tell.
import type { PreviewWarning } from '../domain/preview.ts';
import type { Row, Session } from '../platform/postgres/index.ts';
import type { Fact, Facts } from '../schema/fact.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';

const SUPERUSER_ONLY: Readonly<Record<string, (fact: Fact, source: Facts) => boolean>> = {
	base_type: () => true,
	event_trigger: () => true,
	foreign_data_wrapper: () => true,
	language: () => true,
	leakproof: () => true,
	support_function: () => true,
	role_attribute: ({ definition }) =>
		['superuser', 'replication', 'bypassrls'].includes(String(definition['value'])),
	// Who is no member of a role cannot give it anything.
	owner: ({ needs }, { byId }) =>
		!needs.some((need) => need.startsWith('membership:') && byId.has(need)),
};

/** True for what the target refuses whoever is no superuser, as its kind's `refusal` explains. */
export const isSuperusersOnly = (fact: Fact, source: Facts): boolean =>
	SUPERUSER_ONLY[fact.kind]?.(fact, source) === true;

const USABLE = `
select (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) as is_superuser,
  array(select w.fdwname::pg_catalog.text from pg_catalog.pg_foreign_data_wrapper w
    where not pg_catalog.has_foreign_data_wrapper_privilege(w.oid, 'usage')) as closed_wrappers`;

/** Parameters among `names` that the session's role may not set, as far as the catalogs tell. */
export async function closedParameters(
	session: Session,
	names: readonly string[],
): Promise<ReadonlySet<string>> {
	if (names.length === 0) return new Set();
	const rows = await session.query(
		`select p.name from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as p (name)
left join pg_catalog.pg_settings s on s.name = p.name
where s.context is distinct from 'user' and not pg_catalog.has_parameter_privilege(p.name, 'set')
  and not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)`,
		[names],
	);
	return new Set(rows.map((row) => String(row['name'])));
}

/** Parameters that a function sets: `["work_mem=8MB"]` → `work_mem`. */
const parametersOf = ({ definition }: Fact): string[] =>
	Array.isArray(definition['settings'])
		? definition['settings'].map((text) => String(text).split('=', 1).join(''))
		: [];

/** Warnings for facts that a clone would make or change. */
export async function foreseeRefusals(
	target: Session,
	planned: readonly Fact[],
	source: Facts,
): Promise<PreviewWarning[]> {
	if (planned.length === 0) return [];
	const [can]: Row[] = await target.query(USABLE);
	if (can?.['is_superuser'] === true) return [];
	const wrappers: unknown = can?.['closed_wrappers'];
	const closed = await closedParameters(target, [...new Set(planned.flatMap(parametersOf))]);
	return planned.flatMap((fact): PreviewWarning[] => {
		const { object, kind, definition } = fact;
		const refusal = KIND_BY_NAME.get(kind)?.report?.refusal;
		if (refusal && isSuperusersOnly(fact, source))
			return [
				{
					level: 'warning',
					object,
					message: `The target may refuse this: ${refusal.why}`,
					fix: refusal.fix,
				},
			];
		if (
			kind === 'foreign_server' &&
			Array.isArray(wrappers) &&
			wrappers.includes(definition['wrapper'])
		)
			return [
				{
					level: 'blocker',
					object,
					message: `The target does not let postgres use the foreign data wrapper ${String(definition['wrapper'])}`,
					fix: 'Ask the platform for USAGE on the wrapper, or leave the server out.',
				},
			];
		const refused = parametersOf(fact).filter((name) => closed.has(name));
		if (refused.length === 0) return [];
		return [
			{
				level: 'warning',
				object,
				message: `It sets ${refused.join(', ')}, which only a superuser may: the target may refuse it`,
				fix: 'Set it otherwise on the source, or make the function by hand on the target.',
			},
		];
	});
}
