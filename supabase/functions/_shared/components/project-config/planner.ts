// What a clone would do to the target's settings: the calls and statements that it would send, and which of them make the
// target less safe.
import type { PlanContext, Planner } from '../../contract/component.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { PlannedWork } from '../../domain/plan.ts';
import type { Risk, RiskKind } from '../../domain/risk.ts';
import { masked } from '../../schema-stages/verify.ts';
import { AREAS } from './areas.ts';
import { settingsStage } from './copy.ts';
import { issuerCalls } from './identity-providers.ts';
import type { Area } from './area.ts';
import { limitsStage, limitToRaise } from './limits.ts';
import type { Change } from './plan.ts';
import { unreadableItem } from './report.ts';
import { planRoleSettings } from './role-settings.ts';
import { rolesStage } from './roles.ts';

const OF = { component: 'project_config', kind: 'setting' } as const;

async function plan(context: PlanContext): Promise<readonly PlannedWork[]> {
	const work: PlannedWork[] = [];
	const raise = await limitToRaise(context).catch((error: unknown) => {
		// The area says that it cannot be read.
		if (!(error instanceof TwinsError) || error.code !== 'api_refused') throw error;
	});
	if (raise)
		work.push({
			...OF,
			stage: limitsStage.name,
			object: raise.object,
			action: 'change',
			calls: [raise.call],
			before: String(raise.present),
			after: String(raise.wanted),
		});
	for (const area of AREAS) {
		context.signal.throwIfAborted();
		try {
			const planned = await area.plan(context, true);
			// What was raised before is equal by then.
			const changes = planned.changes.filter(
				({ setting }) => area.path !== raise?.call.path || setting !== raise.setting,
			);
			if (changes.length > 0) work.push(workOf(area, changes));
		} catch (error) {
			if (!unreadableItem(area, error)) throw error;
		}
	}
	const calls = await issuerCalls(context);
	if (calls.length > 0)
		work.push({
			...OF,
			stage: settingsStage.name,
			object: 'auth.identity providers',
			action: 'change',
			calls,
		});
	const { changes } = await planRoleSettings(context);
	return [
		...work,
		...changes.map(({ setting: object, statement, value }): PlannedWork => ({
			...OF,
			stage: rolesStage.name,
			object,
			action: value === null ? 'remove' : 'change',
			statements: [masked(statement)],
		})),
	];
}

function workOf(area: Area, changes: readonly Change[]): PlannedWork {
	const risks = changes.flatMap((change) => risksOf(area, change));
	const bodyOf = (value: (change: Change) => unknown): Record<string, unknown> =>
		Object.fromEntries(
			changes.map((change) => [
				change.setting,
				JSON.parse(masked(JSON.stringify(value(change) ?? null))),
			]),
		);
	const [before, after] = [bodyOf((change) => change.before), bodyOf((change) => change.value)];
	const text = (body: unknown): string => JSON.stringify(body, undefined, 2);
	return {
		...OF,
		stage: settingsStage.name,
		object: `${area.name} settings`,
		action: 'change',
		calls: [{ method: 'PATCH', path: area.path, body: after }],
		before: text(before),
		after: text(after),
		...(risks.length > 0 ? { risks } : {}),
	};
}

const isOn = (value: unknown): boolean => value === true;
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isLocal = (value: unknown): boolean =>
	/^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)(?::|\/|$)/i.test(textOf(value));

/** Of settings of Auth: what the value of the source weakens. */
const WEAKENED: Readonly<Record<string, readonly [RiskKind, (change: Change) => boolean]>> = {
	password_min_length: ['password', ({ value, before }) => numberOf(value) < numberOf(before)],
	// The more kinds of characters, the longer the text that names them.
	password_required_characters: [
		'password',
		({ value, before }) => textOf(value).length < textOf(before).length,
	],
	password_hibp_enabled: ['password', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_totp_enroll_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_totp_verify_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_phone_enroll_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_phone_verify_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_web_authn_enroll_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	mfa_web_authn_verify_enabled: ['mfa', ({ value, before }) => isOn(before) && !isOn(value)],
	disable_signup: ['sign_up', ({ value, before }) => isOn(before) && !isOn(value)],
	external_anonymous_users_enabled: [
		'sign_up',
		({ value, before }) => isOn(value) && !isOn(before),
	],
	site_url: ['site_url', ({ value, before }) => isLocal(value) && !isLocal(before)],
};

function risksOf(area: Area, change: Change): Risk[] {
	const [risk, isWeaker] = (area.name === 'auth' ? WEAKENED[change.setting] : undefined) ?? [];
	return risk !== undefined && isWeaker?.(change) === true
		? [{ risk, object: `${area.name}.${change.setting}` }]
		: [];
}

export const settingsPlanner: Planner = { name: 'project_config', plan };
