// What a look at the source's policies warns of: roles that the target lacks, tables open to everyone.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { schemaPreview } from '../../schema/verify.ts';
import { OPEN_TABLES, POLICY_ROLES, ROLES } from './queries.ts';

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewPolicies(context: ReadContext): Promise<Preview> {
	// One after the other: a session takes one call at a time, and the plan reads both sides itself.
	const preview = await schemaPreview(context, ['policies']);
	const source = await context.source.database();
	const target = await context.target.database();
	const wanted = await source.query<{ role: string }>(POLICY_ROLES);
	const present = new Set((await target.query<{ role: string }>(ROLES)).map(({ role }) => role));
	const open = await source.query<{ name: string }>(OPEN_TABLES);
	const warnings: PreviewWarning[] = wanted
		.filter(({ role }) => !present.has(role))
		.map(({ role }) => ({
			object: role,
			message: 'Policies name this role, and the target does not have it.',
			fix: `Make it on the target first: create role "${role.replaceAll('"', '""')}".`,
		}));
	for (const { name } of open) {
		warnings.push({
			object: name,
			message: 'Row level security is off and the anon role may read it; the copy will be as open.',
			fix: 'Enable row level security on the source if that is not meant.',
		});
	}
	return { ...preview, warnings: [...preview.warnings, ...warnings] };
}
