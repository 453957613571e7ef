// Foreign keys of the source into schemas of the platform whose rows this clone does not bring: the target's rows will
// point nowhere. A preview warns of them, with the number of rows.
import type { Session } from '../../platform/postgres/index.ts';
import type { PreviewWarning } from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import type { Sessions } from './sessions.ts';
import { countRows, fixForDangling, readForeignKeys } from './foreign-keys.ts';
import { isOfOneTable } from './trouble.ts';

/** Whether the platform lets us give files the ids that they have on the source. */
const MAY_SET_IDS = `
select pg_catalog.has_column_privilege('storage.objects', 'id', 'update') as may`;

export async function unbroughtWarnings(
	{ options: { components, copy_mfa } }: Pick<ReadContext, 'options'>,
	{ source, target }: Sessions,
): Promise<PreviewWarning[]> {
	const brought = new Set([
		...(components.auth_users ? ['auth.users', 'auth.identities'] : []),
		...(components.auth_users && copy_mfa ? ['auth.mfa_factors'] : []),
		...(components.storage ? ['storage.buckets'] : []),
		...(components.storage && (await maySetIds(target)) ? ['storage.objects'] : []),
	]);
	const warnings: PreviewWarning[] = [];
	for (const { object, references, isManaged, relations, pointing } of await readForeignKeys(
		source,
	)) {
		if (!isManaged || brought.has(references)) continue;
		const rows = await countRows(source, pointing, relations).catch((error: unknown) => {
			// That the table cannot be read is reported with its rows.
			if (isOfOneTable(error)) return 0;
			throw error;
		});
		if (rows === 0) continue;
		warnings.push({
			level: 'warning',
			object,
			message: `${rows.toLocaleString('en')} ${rows === 1 ? 'row points' : 'rows point'} to rows of ${references}, which this clone does not bring`,
			fix: fixForDangling(references),
		});
	}
	return warnings;
}

async function maySetIds(target: Session): Promise<boolean> {
	const [row] = await target.query(MAY_SET_IDS);
	return row?.['may'] === true;
}
