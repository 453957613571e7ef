// What a clone of users says: one line per table, one for each user left out, and what could not go over as
// it is. Ids only: an address in a report is one place more that holds personal data.
import type { Item } from '../../contract/report.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Session } from '../../platform/postgres/index.ts';
import type { TableLayout } from './columns.ts';
import type { Cursor } from './cursor.ts';
import { ENCRYPTED_USERS, PECULIARITIES, SSO_IDENTITIES, UNSTOPPABLE_TRIGGERS } from './queries.ts';

const LISTED_CLASHES = 200;
const SINGULAR = { users: 'user', identities: 'identity', mfa_factors: 'factor' } as const;
const amount = new Intl.NumberFormat('en');

/** Rows that were left out, by name. */
function reportClashes(context: StageContext, { table }: TableLayout, { clashes }: Cursor): void {
	for (const { id, holder, index } of clashes.slice(0, LISTED_CLASHES)) {
		context.report({
			object: `${SINGULAR[table]} ${id}`,
			outcome: 'skipped',
			detail: `another ${SINGULAR[table]} of the target (${holder}) has the same ${index}`,
			fix: `Remove ${SINGULAR[table]} ${holder} from the target or change its ${index}, then clone again.`,
		});
	}
}

/** What a second pass brought; nothing where nobody came meanwhile. */
export function reportLate(context: StageContext, layout: TableLayout, cursor: Cursor): void {
	reportClashes(context, layout, cursor);
	const { copied, updated } = cursor.counts;
	if (copied + updated === 0) return;
	context.report({
		object: `${layout.table}, second pass`,
		outcome: 'copied',
		detail: `${[part(copied, 'copied'), part(updated, 'updated')].filter((text) => text !== '').join(', ')}: they came or changed while rows were copied`,
	});
}

/** How a table went. */
export function reportTable(context: StageContext, layout: TableLayout, cursor: Cursor): void {
	reportClashes(context, layout, cursor);
	const { counts } = cursor;
	const { table } = layout;
	const parts = [
		part(counts.copied, 'copied'),
		part(counts.updated, 'updated'),
		part(counts.unchanged, 'unchanged'),
		part(counts.clashing, 'left out: another row of the target has the same unique value'),
		part(counts.orphaned, 'left out: their user is not on the target'),
	].filter((text) => text !== '');
	const left = counts.clashing + counts.orphaned > 0;
	const written = counts.copied + counts.updated > 0;
	const item: Item = {
		object: table,
		outcome: written ? (left ? 'adapted' : 'copied') : left ? 'skipped' : 'unchanged',
		detail: parts.length === 0 ? 'none on the source' : parts.join(', '),
		...(left ? { fix: 'See what was skipped, then clone again.' } : {}),
	};
	context.report(item);
}

const part = (count: number, words: string): string =>
	count === 0 ? '' : `${amount.format(count)} ${words}`;

/** What stays behind or changes on the way, whatever the rows are. */
export async function reportPeculiarities(
	context: StageContext,
	source: Session,
	target: Session,
): Promise<void> {
	for (const { provider, identities } of await source.query(SSO_IDENTITIES)) {
		context.report({
			object: `identities of ${String(provider)}`,
			outcome: 'skipped',
			detail: `${amount.format(Number(identities))} identities; copied only where the target has the same SSO provider, by id`,
			fix: 'Set up single sign-on on the target; its users are linked when they sign in.',
		});
	}
	for (const { name, table } of await target.query(UNSTOPPABLE_TRIGGERS)) {
		context.report({
			object: `trigger ${String(name)} on auth.${String(table)}`,
			outcome: 'adapted',
			detail: 'it is enabled as REPLICA or ALWAYS, so it runs for every user that is copied',
			fix: 'Look at what it did on the target; enable it as usual if that was not meant.',
		});
	}
	const [found] = await source.query(PECULIARITIES);
	const number = (key: string): number => Number(found?.[key] ?? 0);
	if (number('encrypted_passwords') > 0) {
		const ids = (await source.query(ENCRYPTED_USERS)).map(({ id }) => String(id));
		context.report({
			object: 'encrypted passwords',
			outcome: 'skipped',
			detail: `${amount.format(number('encrypted_passwords'))} users without password: theirs are encrypted with a key that only the source has. ${ids.join(', ')}`,
			fix: 'Let these users reset their password on the target.',
		});
	}
	if (!context.options.copy_mfa) {
		if (number('factors') > 0) {
			context.report({
				object: 'mfa_factors',
				outcome: 'skipped',
				detail: `${amount.format(number('factors'))} second factors: the option to copy them is off`,
				fix: 'Let users enroll again, or clone with "copy MFA factors".',
			});
		}
		return;
	}
	if (number('encrypted_factors') > 0) {
		context.report({
			object: 'encrypted factors',
			outcome: 'skipped',
			detail: `${amount.format(number('encrypted_factors'))} second factors are encrypted with a key that only the source has`,
			fix: 'Let these users enroll again on the target.',
		});
	}
	if (number('webauthn_factors') > 0) {
		context.report({
			object: 'WebAuthn factors',
			outcome: 'adapted',
			detail: `${amount.format(number('webauthn_factors'))} factors are bound to the source’s domain`,
			fix: 'They work on the target only under the same domain; else let users enroll again.',
		});
	}
}
