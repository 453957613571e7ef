// The stage of settings of roles and of the database, with their preview and verification. One statement per setting:
// one that the target refuses costs only itself.
import { TwinsError } from '../../domain/errors.ts';
import { closedParameters } from '../../schema-stages/foresee.ts';
import type { PreviewObject, PreviewWarning } from '../../domain/preview.ts';
import type { Finding, Item } from '../../contract/report.ts';
import type { ReadContext, StageContext } from '../../contract/context.ts';
import { forgotten, leftEntry, reasonLeft } from './left-as-is.ts';
import { planRoleSettings, type SettingChange } from './role-settings.ts';

const AREA = { name: 'roles' };
const REFUSED = 'the target does not let postgres set it: only the platform may';
const BY_HAND = 'Ask the support of the platform to set it, or do without it on the target.';

/** Sets what differs and tells of the rest. */
export async function copyRoleSettings(context: StageContext): Promise<void> {
	const { changes, notes, equal } = await planRoleSettings(context);
	if (equal > 0)
		context.report({
			object: 'settings of roles and of the database',
			outcome: 'unchanged',
			detail: equal === 1 ? '1 setting is equal' : `${equal} settings are equal`,
		});
	context.report(
		...notes.map(({ setting: object, ...note }): Item => ({ object, outcome: 'skipped', ...note })),
	);
	for (const change of changes) {
		context.signal.throwIfAborted();
		context.report(await set(context, change));
	}
}

async function set(context: StageContext, change: SettingChange): Promise<Item> {
	const { setting: object, statement, detail, isAdapted } = change;
	const done: Item = { object, outcome: isAdapted ? 'adapted' : 'copied', detail };
	context.spend({ operations: 1 });
	try {
		await context.announce(done);
		await (await context.target.database()).query(statement);
		context.remember(forgotten(context.memory, AREA, [change]));
		return done;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		const { sqlstate } = error.details;
		if (sqlstate === '42501') {
			context.remember(await leftEntry(AREA, change, REFUSED));
			return { object, outcome: 'skipped', detail: REFUSED, fix: BY_HAND, sqlstate };
		}
		// The words of Postgres would show the value.
		return {
			object,
			outcome: 'failed',
			detail: 'the target does not take this setting or its value',
			fix: 'Look whether the Postgres of the target knows the setting, and set it by hand.',
			sqlstate,
		};
	}
}

interface SettingsPreview {
	readonly objects: readonly PreviewObject[];
	readonly warnings: readonly PreviewWarning[];
	readonly equal: number;
}

/** What a clone would set, and what it would leave. */
export async function previewRoleSettings(context: ReadContext): Promise<SettingsPreview> {
	const { changes, notes, equal } = await planRoleSettings(context);
	const closed = await closedParameters(
		await context.target.database(),
		changes.map(({ parameter }) => parameter),
	);
	return {
		equal,
		objects: changes.map(({ setting, detail }) => ({
			object: setting,
			kind: 'setting',
			action: 'change',
			detail,
		})),
		warnings: [
			...notes.map(({ setting, detail, fix }): PreviewWarning => ({
				level: 'warning',
				object: setting,
				message: detail,
				fix,
			})),
			...changes
				.filter(({ parameter, value }) => value !== null && closed.has(parameter))
				.map(({ setting }): PreviewWarning => ({
					level: 'warning',
					object: setting,
					message:
						'Only a superuser may set this: the target will refuse it, unless the platform lets it through',
					fix: BY_HAND,
				})),
		],
	};
}

/** Settings that differ: failed where a clone would set them, else a note. */
export async function verifyRoleSettings(context: ReadContext): Promise<readonly Finding[]> {
	const { changes, notes } = await planRoleSettings(context);
	const findings = notes.map(({ setting, detail, fix }): Finding => ({
		severity: 'note',
		object: setting,
		expected: 'as on the source',
		found: detail,
		fix,
	}));
	for (const change of changes.filter(({ value }) => value !== null)) {
		const reason = await reasonLeft(context.memory, AREA, change);
		findings.push({
			severity: reason === undefined ? 'failed' : 'note',
			object: change.setting,
			expected: 'as on the source',
			found: reason ?? 'another value, or none',
			fix: reason === undefined ? 'Clone the component Project config again.' : BY_HAND,
		});
	}
	return findings;
}
