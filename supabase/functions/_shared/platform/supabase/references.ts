// Finds and rewrites what in a text points at the source project: its ref, its URL and its keys. Texts are
// cron commands, webhook arguments, function bodies. Knows nothing of where a text comes from.
import { isPassing, TwinsError } from '../../domain/errors.ts';
import { JWT, replaceKeyLike } from './key-like.ts';

/** Of one project: what a text can mention. */
export interface ProjectReferences {
	readonly ref: string;
	/** Base URL of its APIs, no trailing slash. Empty where only the database is known: then `ref` is not its ref either. */
	readonly url: string;
	/** Keys in clear. Several may share a name (a publishable and a secret `default`). */
	readonly keys: readonly { readonly name: string; readonly value: string }[];
	/** Not all of its keys could be read: whatever looks like a key may be one of them. */
	readonly keysUnknown?: boolean;
}

export interface Rewritten {
	readonly text: string;
	/** What was found, in words: `project URL`, `service_role key`. Never a value. */
	readonly changes: readonly string[];
	/** Of these, what has no known counterpart on the target; a placeholder took its place. */
	readonly missing: readonly string[];
}

interface KeyKind {
	readonly kind: 'publishable' | 'secret' | 'anon' | 'service_role' | 'other';
	/** Project ref in a legacy key's claims. */
	readonly ref?: string;
}

/** Shorter values are masked keys or no keys. */
const MIN_KEY_LENGTH = 20;
/** A name ends where a letter or digit does not go on; `%2F` before it ends in one. */
const BEFORE = '(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))';
const AFTER = '(?![A-Za-z0-9])';

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
/** JSON inside of text writes its slashes either way. */
const urlPattern = (text: string): string => escapePattern(text).replaceAll('\\/', '\\\\?\\/');
const withoutScheme = (url: string): string => url.replace(/^https?:\/\//, '');

function claimsOf(jwt: string): Readonly<Record<string, unknown>> {
	const payload = jwt.split('.')[1];
	if (payload === undefined) return {};
	try {
		const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
		return typeof claims === 'object' && claims !== null ? { ...claims } : {};
	} catch {
		return {};
	}
}

function kindOfKey(value: string): KeyKind {
	if (value.startsWith('sb_publishable_')) return { kind: 'publishable' };
	if (value.startsWith('sb_secret_')) return { kind: 'secret' };
	if (!value.startsWith('eyJ')) return { kind: 'other' };
	const { role, ref } = claimsOf(value);
	const kind = role === 'anon' || role === 'service_role' ? role : 'other';
	return typeof ref === 'string' ? { kind, ref } : { kind };
}

const usable = (key: { readonly value: string }): boolean =>
	key.value.length >= MIN_KEY_LENGTH && /^[\w.-]*[\w-]$/.test(key.value);

const keyLabel = (name: string, kind: KeyKind['kind']): string =>
	kind === 'publishable' || kind === 'secret' ? `${kind} key "${name}"` : `${name} key`;

/** The target's key for the same use: same kind and name, else the first of the kind. */
function counterpart(name: string, kind: KeyKind['kind'], target: ProjectReferences) {
	const alike = target.keys.filter((key) => usable(key) && kindOfKey(key.value).kind === kind);
	return alike.find((key) => key.name === name) ?? (kind === 'other' ? undefined : alike[0]);
}

interface Found {
	readonly label: string;
	/** What stands there for the target; undefined when the target has nothing of the kind. */
	readonly replacement: string | undefined;
	readonly isKey?: boolean;
}

function lookUp(
	match: string,
	source: ProjectReferences,
	target: ProjectReferences,
): Found | undefined {
	const known = (text: string): string | undefined => (target.url === '' ? undefined : text);
	if (match === source.ref) return { label: 'project ref', replacement: known(target.ref) };
	const slash = match.includes('\\/');
	const plain = match.replaceAll('\\/', '/');
	const url = (text: string): string => (slash ? text.replaceAll('/', '\\/') : text);
	if (plain === source.url) {
		return { label: 'project URL', replacement: known(url(target.url)) };
	}
	if (plain === withoutScheme(source.url)) {
		return { label: 'project URL', replacement: known(url(withoutScheme(target.url))) };
	}
	const key = source.keys.find(({ value }) => value === match);
	const { kind, ref } = kindOfKey(match);
	// A legacy key signed at another time is still the source's when its claims say so.
	if (!key && ref !== source.ref) return undefined;
	const name = key?.name ?? kind;
	return {
		label: keyLabel(name, kind),
		replacement: counterpart(name, kind, target)?.value,
		isKey: true,
	};
}

/** Placeholder of what the target lacks, or nobody knows of it: the source's must not travel. */
const placeholder = (label: string): string =>
	`REPLACE_WITH_${label
		.toUpperCase()
		.replaceAll(/[^A-Z0-9]+/g, '_')
		.replace(/_$/, '')}`;

function pattern(source: ProjectReferences): RegExp {
	const addresses =
		source.url === ''
			? []
			: [urlPattern(source.url), urlPattern(withoutScheme(source.url)), escapePattern(source.ref)];
	const names = [
		...addresses,
		...source.keys.filter(usable).map((key) => escapePattern(key.value)),
		JWT,
	].sort((a, b) => b.length - a.length);
	return new RegExp(`${BEFORE}(?:${names.join('|')})${AFTER}`, 'g');
}

/**
 * The text with every reference to the source made one to the target. What it put there is not looked at again.
 * Where the source's keys are unknown, placeholders take the place of all that looks like a key and is not the
 * target's. `keysOnly`: addresses stay.
 */
export function rewriteReferences(
	text: string,
	source: ProjectReferences,
	target: ProjectReferences,
	{ keysOnly = false }: { readonly keysOnly?: boolean } = {},
): Rewritten {
	const changes = new Set<string>();
	const missing = new Set<string>();
	const rewritten = text.replace(pattern(source), (match) => {
		const found = lookUp(match, source, target);
		if (!found || found.replacement === match) return match;
		if (keysOnly && !found.isKey) return match;
		changes.add(found.label);
		if (found.replacement !== undefined) return found.replacement;
		missing.add(found.label);
		return placeholder(found.label);
	});
	const safe = source.keysUnknown
		? replaceKeyLike(rewritten, (value, shape) => {
				if (target.keys.some((key) => key.value === value)) return undefined;
				const { kind, ref } = kindOfKey(value);
				if (ref !== undefined && ref === target.ref) return undefined;
				const label = shape === 'JWT' && kind !== 'other' ? keyLabel(kind, kind) : shape;
				changes.add(label);
				missing.add(label);
				return placeholder(label);
			})
		: rewritten;
	return { text: safe, changes: [...changes], missing: [...missing] };
}

/** What of the project a text mentions, in words. */
export function referencesIn(text: string, project: ProjectReferences): readonly string[] {
	const nowhere: ProjectReferences = { ref: '-', url: '-', keys: [] };
	return rewriteReferences(text, project, nowhere).changes;
}

/** Hosts a text calls over HTTP, without user, path or query, which may hold secrets. */
export function hostsIn(text: string): readonly string[] {
	const hosts = new Set<string>();
	for (const [, host] of text.matchAll(/https?:\\?\/\\?\/(?:[^\s/\\'"@]*@)?([\w.-]+(?::\d+)?)/g)) {
		if (host) hosts.add(host);
	}
	return [...hosts];
}

/** The text with keys, tokens and passwords blotted out, to be shown. */
export function withoutSecrets(text: string): string {
	return text
		.replaceAll(new RegExp(JWT, 'g'), '‹key›')
		.replaceAll(/\bsb[a-z]?_(?:publishable_|secret_)?[\w-]{8,}/g, '‹key›')
		.replaceAll(/\b(Bearer|Basic)(\s+)(?!‹)[^\s'"‹]{4,}/gi, '$1$2‹secret›')
		.replaceAll(
			/((?:api[-_]?key|authorization|token|secret|password|signature)["']?\s*(?::|=>?|,)\s*["'])(?!‹|Bearer |Basic )[^"']+/gi,
			'$1‹secret›',
		)
		.replaceAll(/([?&][^=&\s'"]+=)[^&\s'"]+/g, '$1‹value›')
		.replaceAll(/(https?:\/\/)[^\s/'"@]+@/g, '$1‹secret›@');
}

/**
 * What texts can mention of a project. An account that may not read keys, or not all of them, still gives ref and
 * URL. Throws trouble that passes: keys that nobody looked for must not travel because a service was busy.
 */
export async function readReferences(endpoint: {
	readonly ref: string;
	readonly url: string;
	keys(): Promise<ProjectReferences['keys']>;
}): Promise<ProjectReferences & { readonly keysUnknown: boolean }> {
	const { ref, url } = endpoint;
	try {
		const keys = await endpoint.keys();
		return { ref, url, keys, keysUnknown: keys.some((key) => !usable(key)) };
	} catch (error) {
		const isOver = error instanceof TwinsError && error.code === 'account_expired';
		if (isOver || isPassing(error)) throw error;
		return { ref, url, keys: [], keysUnknown: true };
	}
}
