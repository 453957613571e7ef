// Grants as facts hold them, and the statements that lead from some to others.
import { ident } from '../../platform/postgres/index.ts';

/** Grantee → `ALL` or `SELECT,UPDATE*` (`*`: with grant option). The owner is called `@owner`. */
export type Grants = Readonly<Record<string, string>>;

/** Grants from the attribute of a definition. */
export function grantsOf(value: unknown): Grants {
	if (typeof value !== 'object' || value === null) return {};
	return Object.fromEntries(Object.entries(value).map(([name, list]) => [name, String(list)]));
}

/** What is created belongs to us first, and takes its owner's privileges along when it is handed over. */
const roleName = (grantee: string, owner?: string): string => {
	if (grantee === 'public') return 'public';
	if (grantee !== '@owner') return ident(grantee);
	return owner === undefined ? 'current_user' : ident(owner);
};

/** Who may do more with `wanted` than with `before`; the owner may everything anyhow. */
export function whoGains(wanted: Grants, before: Grants): string[] {
	return Object.entries(wanted).flatMap(([grantee, list]) => {
		if (grantee === '@owner') return [];
		const had = (before[grantee] ?? '').split(',');
		const isMore = list
			.split(',')
			.some(
				(privilege) =>
					!had.includes(privilege) &&
					!had.includes(`${privilege}*`) &&
					!(had.includes('ALL') && !privilege.endsWith('*')),
			);
		return isMore ? [grantee] : [];
	});
}

/** Privileges as Postgres leaves them when the owner changes: the new one has its own and the old one's. */
export function handedOver(existing: Grants, owner: string): Grants {
	const { '@owner': old, [owner]: own, ...others } = existing;
	const lists = [old, own].flatMap((list) => list?.replaceAll('*', '').split(',') ?? []);
	if (lists.length === 0) return others;
	const merged = lists.includes('ALL') ? 'ALL' : [...new Set(lists)].sort().join(',');
	return { ...others, '@owner': merged };
}

/** Grants of the same privileges in one statement. `columns`: ` (a)` for column privileges. */
export function grantStatements(
	on: string,
	wanted: Grants,
	prefix = '',
	column = '',
	owner?: string,
): string[] {
	const granted = new Map<string, { text: string; grantees: string[]; option: string }>();
	for (const [grantee, list] of Object.entries(wanted)) {
		const all = list.split(',').map((privilege) => privilege.toLowerCase());
		const plain = all.filter((privilege) => !privilege.endsWith('*'));
		const grantable = all
			.filter((privilege) => privilege.endsWith('*'))
			.map((privilege) => privilege.slice(0, -1));
		const note = (privileges: readonly string[], option: string): void => {
			if (privileges.length === 0) return;
			const text = privileges.map((privilege) => `${privilege}${column}`).join(', ');
			const known = granted.get(text + option) ?? { text, grantees: [], option };
			known.grantees.push(roleName(grantee, owner));
			granted.set(text + option, known);
		};
		note(plain, '');
		note(grantable, ' with grant option');
	}
	return [...granted.values()].map(
		({ text, grantees, option }) =>
			`${prefix}grant ${text} on ${on} to ${grantees.join(', ')}${option}`,
	);
}

/** Whose privileges differ. */
const differingGrants = (wanted: Grants, existing: Grants): string[] =>
	[...new Set([...Object.keys(wanted), ...Object.keys(existing)])].filter(
		(grantee) => wanted[grantee] !== existing[grantee],
	);

/** From whom the target's are taken first. Granting all takes nothing away, except that a grant option stays. */
export const revokedGrants = (wanted: Grants, existing: Grants): string[] =>
	differingGrants(wanted, existing).filter((grantee) => {
		const list = existing[grantee];
		return list !== undefined && (wanted[grantee] !== 'ALL' || list.includes('*'));
	});

/** From the target's grants to the source's: revoke what differs, grant it anew. */
export function grantChanges(
	on: string,
	wanted: Grants,
	existing: Grants,
	prefix = '',
	column = '',
	owner?: string,
): string[] {
	const differing = differingGrants(wanted, existing);
	const names = (grantees: readonly string[]): string =>
		grantees.map((grantee) => roleName(grantee, owner)).join(', ');
	const revoked = revokedGrants(wanted, existing);
	const granted = Object.fromEntries(
		differing.flatMap((grantee) => {
			const list = wanted[grantee];
			return list === undefined ? [] : [[grantee, list]];
		}),
	);
	return [
		...(revoked.length > 0
			? [`${prefix}revoke all${column} on ${on} from ${names(revoked)} cascade`]
			: []),
		...grantStatements(on, granted, prefix, column, owner),
	];
}
