// What a look at the source's policies warns of: roles that the target lacks, tables open to everyone.
import { makePreview, type Preview, type PreviewWarning } from '../../domain/preview.ts';
import { readSchemaParts } from '../../schema-stages/preview.ts';
import type { SlicedContext } from '../../contract/context.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import { OPEN_TABLES, POLICY_ROLES, ROLES } from './queries.ts';

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewPolicies(context: SlicedContext): Promise<Preview | undefined> {
	// One after the other: a session takes one call at a time, and the plan reads both endpoints itself.
	const ofSchema = await readSchemaParts(context, ['policies']);
	if (ofSchema === undefined) return undefined;
	const source = await context.source.database();
	const target = await context.target.database();
	const wanted = await readAgain(source, () => source.query<{ role: string }>(POLICY_ROLES));
	const present = new Set((await target.query<{ role: string }>(ROLES)).map(({ role }) => role));
	const open = await readAgain(source, () => source.query<{ name: string }>(OPEN_TABLES));
	const warnings: PreviewWarning[] = wanted
		.filter(({ role }) => !present.has(role))
		.map(({ role }) => ({
			// With the tables come the roles that a user may make.
			level: context.options.components.tables ? 'warning' : 'blocker',
			object: role,
			message: 'Policies name this role, and the target does not have it.',
			fix: `Make it on the target first: create role "${role.replaceAll('"', '""')}".`,
		}));
	for (const { name } of open) {
		warnings.push({
			level: 'warning',
			object: name,
			message: 'Row level security is off and the anon role may read it; the copy will be as open.',
			fix: 'Enable row level security on the source if that is not meant.',
		});
	}
	return makePreview({ ...ofSchema, warnings: [...ofSchema.warnings, ...warnings] });
}
