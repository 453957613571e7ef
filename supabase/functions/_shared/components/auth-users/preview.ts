// What a clone of users will meet, read before it starts. Numbers and ids only.
import { formatQuantity } from '../../domain/amount.ts';
import {
	makePreview,
	plannedContents,
	type Counted,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import { readLayout } from './columns.ts';
import { PECULIARITIES, PROVIDERS, SSO_IDENTITIES, UNSTOPPABLE_TRIGGERS } from './queries.ts';
import { countRows } from './statements.ts';

export async function preview(context: ReadContext): Promise<Preview> {
	const source = await context.source.database();
	const target = await context.target.database();
	const layouts = {
		users: await readLayout(source, target, 'users'),
		identities: await readLayout(source, target, 'identities'),
	};
	const rows = async (session: typeof source, table: keyof typeof layouts): Promise<number> =>
		Number((await session.query(countRows(layouts[table])))[0]?.['rows'] ?? 0);
	const users: Counted = {
		unit: 'user',
		source: await rows(source, 'users'),
		target: await rows(target, 'users'),
	};
	const present = users.target ?? 0;
	const [found] = await source.query(PECULIARITIES);
	const number = (key: string): number => Number(found?.[key] ?? 0);

	const warnings: PreviewWarning[] = [];
	const warn = (object: string, message: string, fix: string): number =>
		warnings.push({ level: 'warning', object, message, fix });
	if (present > 0) {
		warn(
			'auth.users',
			`The target has ${formatQuantity(present, 'user')} already; those with the same id are made like the source's`,
			context.options.remove_extra
				? 'Users that only the target has are removed. Switch off "remove extra" to keep them.'
				: 'Users that only the target has are left alone.',
		);
	}
	if (number('encrypted_passwords') > 0) {
		warn(
			'auth.users',
			`${number('encrypted_passwords')} passwords are encrypted with a key that only the source has`,
			'These users must reset their password on the target.',
		);
	}
	if (number('factors') > 0 && !context.options.copy_mfa) {
		warn(
			'auth.mfa_factors',
			`${number('factors')} second factors are not copied: users of the target sign in without them`,
			'Switch on "copy MFA factors" to take them along.',
		);
	}
	for (const { provider, identities } of await source.query(SSO_IDENTITIES)) {
		warn(
			String(provider),
			`${Number(identities)} identities of single sign-on, whose providers have other ids on the target`,
			'Set up single sign-on on the target; its users are linked when they sign in.',
		);
	}
	for (const { name, table } of await target.query(UNSTOPPABLE_TRIGGERS)) {
		warn(
			`auth.${String(table)} ${String(name)}`,
			'This trigger is enabled as REPLICA or ALWAYS: it runs for every user that is copied',
			'Enable it as usual for the time of the clone.',
		);
	}
	const removes = context.options.remove_extra;
	return makePreview({
		counts: [
			users,
			{
				unit: 'identity',
				source: await rows(source, 'identities'),
				target: await rows(target, 'identities'),
			},
			{ unit: 'mfa_factor', source: number('factors') },
		],
		plan: plannedContents(users, removes ? 'mirror' : 'upsert'),
		objects: (await source.query(PROVIDERS)).map((row): PreviewObject => ({
			object: String(row['provider']),
			kind: 'provider',
			counts: [{ unit: 'user', source: Number(row['users']) }],
		})),
		warnings,
	});
}
