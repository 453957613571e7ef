// The plan for the settings of Auth. Everything is copied but secrets, and nothing is switched on whose secret
// the target lacks: sign-in would break, or mails and messages would go to real people. Pure.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { type Change, type Config, isSame, type Note, type Plan, planLeftOut } from './plan.ts';
import { type ProjectNames, renameProject } from './rewrite.ts';
import {
	AUTH_GROUPS,
	AUTH_LEFT_OUT,
	AUTH_READ_ONLY,
	AUTH_SECRETS,
	HOOKS,
	PROVIDERS,
	SMS_SECRETS,
} from './settings.ts';

export interface AuthEndpoints {
	readonly source: ProjectNames & { readonly config: Config };
	readonly target: ProjectNames & { readonly config: Config };
	/** True when a secret field has a value: see `secret-digest.ts`. */
	readonly hasSecret: (role: EndpointRole, field: string) => boolean;
	/** True when the target has the database function of a `pg-functions://` address. */
	readonly hasFunction: (uri: string) => boolean;
}

/** Fields that stay as they are on the target, with the note that says why. */
type Held = Map<string, Note | undefined>;

export function planAuth(endpoints: AuthEndpoints): Plan {
	const wanted = wantedValues(endpoints);
	const held: Held = new Map();
	const notes: Note[] = [];
	for (const name of Object.keys(PROVIDERS)) holdProvider(endpoints, wanted, held, notes, name);
	for (const name of HOOKS) holdHook(endpoints, wanted, held, notes, name);
	holdCaptcha(endpoints, wanted, held, notes);
	holdPhone(endpoints, wanted, held);

	const changes: Change[] = [];
	let equal = 0;
	for (const [group, fields] of Object.entries(AUTH_GROUPS)) {
		for (const setting of fields) {
			const before = endpoints.target.config[setting];
			const value = wanted.get(setting);
			if (!wanted.has(setting) || isSame(value, before)) equal += 1;
			else if (held.has(setting)) {
				const note = held.get(setting);
				if (note) notes.push(note);
			} else changes.push(change(endpoints, group, setting, value, before));
		}
	}
	notes.push(...secretNotes(endpoints));
	notes.push(...leftOutNotes(endpoints), ...unknownNotes(endpoints));
	return { changes, notes, equal };
}

function change(
	{ source }: AuthEndpoints,
	group: string,
	setting: string,
	value: unknown,
	before: unknown,
): Change {
	const isAdapted = value !== source.config[setting];
	const isForeignSite =
		setting === 'site_url' && !isAdapted && !/^https?:\/\/(localhost|127\.)/.test(String(value));
	return {
		setting,
		group,
		value,
		before,
		isAdapted,
		...(isForeignSite
			? {
					fix: 'Links in mails of the target lead there: change it if the target serves another site.',
				}
			: {}),
	};
}

/** The source's values, with the source's name replaced by the target's wherever a text has it. */
function wantedValues({ source, target }: AuthEndpoints): Map<string, unknown> {
	const wanted = new Map<string, unknown>();
	for (const setting of Object.values(AUTH_GROUPS).flat()) {
		if (!(setting in source.config)) continue;
		const value = source.config[setting];
		wanted.set(setting, typeof value === 'string' ? renameProject(value, source, target) : value);
	}
	return wanted;
}

/** A provider without its secret stays off; one with credentials of its own keeps them. */
function holdProvider(
	{ target, hasSecret }: AuthEndpoints,
	wanted: ReadonlyMap<string, unknown>,
	held: Held,
	notes: Note[],
	name: string,
): void {
	const [clientId, secret] = [`external_${name}_client_id`, `external_${name}_secret`];
	const enabled = `external_${name}_enabled`;
	const own = target.config[clientId];
	if (hasSecret('target', secret)) {
		if (isSame(own, null) || isSame(own, wanted.get(clientId))) return;
		for (const field of ['client_id', 'additional_client_ids', 'url']) {
			held.set(`external_${name}_${field}`, undefined);
		}
		notes.push({
			setting: clientId,
			kind: 'kept',
			detail: 'the target has credentials of its own, which stay',
		});
	} else if (hasSecret('source', secret) && wanted.get(enabled) === true) {
		held.set(enabled, {
			setting: enabled,
			kind: 'todo',
			detail: `sign-in with ${name} stays off: the target lacks the client secret`,
			fix: `Register the callback ${target.url}/auth/v1/callback with the provider, enter the client secret under Authentication → Providers, then switch it on.`,
			isDifference: true,
		});
	}
}

/** A hook is switched on only where it can work: a database function that exists, or an address with its secret. */
function holdHook(
	{ target, hasSecret, hasFunction }: AuthEndpoints,
	wanted: ReadonlyMap<string, unknown>,
	held: Held,
	notes: Note[],
	name: string,
): void {
	const [uri, enabled] = [`hook_${name}_uri`, `hook_${name}_enabled`];
	const isSecretSet = hasSecret('target', `hook_${name}_secrets`);
	const [wantedUri, ownUri] = [String(wanted.get(uri) ?? ''), target.config[uri]];
	if (isSecretSet && !isSame(ownUri, null) && !isSame(ownUri, wantedUri)) {
		held.set(uri, undefined).set(enabled, undefined);
		notes.push({
			setting: uri,
			kind: 'kept',
			detail: 'the target has a hook of its own, which stays',
		});
		return;
	}
	const isDatabase = wantedUri.startsWith('pg-functions:');
	if (wanted.get(enabled) !== true || (isDatabase ? hasFunction(wantedUri) : isSecretSet)) return;
	held.set(enabled, {
		setting: enabled,
		kind: 'todo',
		detail: isDatabase
			? `the hook stays off: the target lacks the function of ${wantedUri}`
			: 'the hook stays off: its secret cannot be read from the source',
		fix: isDatabase
			? 'Clone the component Functions, then this one again.'
			: 'Create a secret for the hook under Authentication → Hooks, then switch it on.',
		isDifference: true,
	});
}

function holdCaptcha(
	{ target, hasSecret }: AuthEndpoints,
	wanted: ReadonlyMap<string, unknown>,
	held: Held,
	notes: Note[],
): void {
	const [provider, enabled] = ['security_captcha_provider', 'security_captcha_enabled'];
	if (hasSecret('target', 'security_captcha_secret')) {
		const own = target.config[provider];
		if (isSame(own, null) || isSame(own, wanted.get(provider))) return;
		held.set(provider, undefined);
		notes.push({
			setting: provider,
			kind: 'kept',
			detail: 'the target has a captcha of its own, which stays',
		});
	} else if (wanted.get(enabled) === true) {
		held.set(enabled, {
			setting: enabled,
			kind: 'todo',
			detail: 'captcha protection stays off: the target lacks the secret',
			fix: 'Enter the secret under Authentication → Attack protection, then switch it on.',
			isDifference: true,
		});
	}
}

/** Phone sign-in needs somebody who sends: a provider with its secret, or a hook. */
function holdPhone(
	endpoints: AuthEndpoints,
	wanted: ReadonlyMap<string, unknown>,
	held: Held,
): void {
	const provider = String(wanted.get('sms_provider') ?? '');
	const secret = SMS_SECRETS[provider];
	const hook = 'hook_send_sms_enabled';
	const hasHook = held.has(hook)
		? endpoints.target.config[hook] === true
		: wanted.get(hook) === true;
	if ((secret !== undefined && endpoints.hasSecret('target', secret)) || hasHook) return;
	const fix = 'Set up an SMS provider under Authentication → Providers → Phone, then switch it on.';
	for (const setting of [
		'external_phone_enabled',
		'mfa_phone_enroll_enabled',
		'mfa_phone_verify_enabled',
	]) {
		if (wanted.get(setting) !== true) continue;
		const detail = 'stays off: the target has nobody who sends the messages';
		held.set(setting, { setting, kind: 'todo', detail, fix, isDifference: true });
	}
	// The provider that the target could send with would be unset.
	if (endpoints.target.config['external_phone_enabled'] === true)
		held.set('sms_provider', undefined);
}

/** A mail server or SMS account that the target has is its own, and stays. */
function leftOutNotes({ source, target, hasSecret }: AuthEndpoints): Note[] {
	const hasOwn: Readonly<Record<string, boolean>> = {
		'mail server': !isSame(target.config['smtp_host'], null),
		'SMS account': Object.values(SMS_SECRETS).some((field) => hasSecret('target', field)),
	};
	return planLeftOut(source.config, target.config, AUTH_LEFT_OUT).map((note) =>
		hasOwn[note.setting]
			? { setting: note.setting, kind: 'kept', detail: 'the target has its own, which stays' }
			: note,
	);
}

function secretNotes({ hasSecret }: AuthEndpoints): Note[] {
	return AUTH_SECRETS.filter((field) => hasSecret('source', field)).map((setting) =>
		hasSecret('target', setting)
			? {
					setting,
					kind: 'kept',
					detail: 'the target has a value of its own; secrets cannot be read or compared',
				}
			: {
					setting,
					kind: 'todo',
					detail: 'secrets cannot be read from the source',
					fix: 'Enter it on the target, under Authentication in the dashboard.',
				},
	);
}

/** Fields that are newer than this table: named, so that nothing is lost in silence. */
function unknownNotes({ source, target }: AuthEndpoints): Note[] {
	const known = new Set([
		...Object.values(AUTH_GROUPS).flat(),
		...Object.values(AUTH_LEFT_OUT).flatMap(({ fields }) => fields),
		...AUTH_SECRETS,
		...AUTH_READ_ONLY,
	]);
	const unknown = Object.keys(source.config)
		.filter((field) => !known.has(field) && !isSame(source.config[field], target.config[field]))
		.sort();
	if (unknown.length === 0) return [];
	return [
		{
			setting: 'unknown settings',
			kind: 'todo',
			detail: `differ, and are not known to Twins: ${unknown.join(', ')}`,
			fix: 'Compare them in the dashboard; update Twins.',
		},
	];
}
