// What a verification compares rows by: a hash of their own, over all columns that both endpoints have, generated ones
// included. On purpose not the statements of the copy: a mistake there would be in both. Hashes only leave Postgres.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { type Session, ident, literal, qualified } from '../../platform/postgres/index.ts';
import type { TableLayout } from './columns.ts';
import { ALL_COLUMNS } from './queries.ts';
import type { KeyRange } from './statements.ts';

/** Not the same on purpose: links that were sent out, half-done challenges. */
const APART: readonly string[] = [
	'confirmation_token',
	'recovery_token',
	'email_change_token_new',
	'email_change_token_current',
	'phone_change_token',
	'reauthentication_token',
	'last_webauthn_challenge_data',
];

/** What the target has instead of the source's value, as an expression over the source's row. */
const INSTEAD: Readonly<Record<string, string>> = {
	instance_id: `'00000000-0000-0000-0000-000000000000'`,
	email_change: `coalesce(t.email_change, '')`,
	phone_change: `coalesce(t.phone_change, '')`,
	encrypted_password: `case when t.encrypted_password like '{%"key_id"%' then '' else t.encrypted_password end`,
};

export type Fingerprints = (role: EndpointRole, range: KeyRange) => string;

/** Statements that give the id and hash of each row of a range, in the order of ids. */
export async function readFingerprints(
	source: Session,
	target: Session,
	{ table, filter }: TableLayout,
): Promise<Fingerprints> {
	const columnsOf = async (session: Session): Promise<string[]> =>
		(await session.query(ALL_COLUMNS, [table])).map(({ name }) => String(name));
	const theirs = await columnsOf(source);
	const ours = await columnsOf(target);
	const shared = theirs.filter((name) => ours.includes(name) && !APART.includes(name));
	const instead = shared.filter((name) => table === 'users' && name in INSTEAD);
	const left = [...new Set([...theirs, ...ours])].filter((name) => !shared.includes(name));
	const without = `array[${left.map(literal).join(', ')}]::pg_catalog.text[]`;
	return (role, { after, upTo }) => {
		const values = instead.map(
			(name) => `${literal(name)}, ${(role === 'source' && INSTEAD[name]) || `t.${ident(name)}`}`,
		);
		return `
			select id::pg_catalog.text as id,
			  pg_catalog.md5((pg_catalog.to_jsonb(t) - ${without}
			    || pg_catalog.jsonb_build_object(${values.join(', ')}))::pg_catalog.text) as checksum
			from ${qualified('auth', table)} t
			where ${after === null ? 'true' : `id > ${literal(after)}::pg_catalog.uuid`}
			  and id <= ${literal(upTo ?? '')}::pg_catalog.uuid and ${filter}
			order by id`;
	};
}
