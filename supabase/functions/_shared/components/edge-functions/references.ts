// Files that name the source project: its ref, its address, or one of its keys. They are copied byte for
// byte all the same; the user is warned, because such a function on the target talks to the source. Pure.
import { readReferences } from '../../platform/supabase/references.ts';
import type { Endpoint } from '../../contract/endpoint.ts';
import type { SourceFile } from './source.ts';

export interface SourceNames {
	readonly ref: string;
	/** Host and, when it is not the default, port. */
	readonly host: string;
	readonly keys: readonly string[];
}

const LISTED_FILES = 5;
/** How keys begin: a new secret or publishable one, and a legacy one signed with HS256. */
const KEY_BEGINNINGS: readonly string[] = [
	'sb_secret_',
	'sb_publishable_',
	'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.',
];

/** What to look for. Without the right to read API keys, what looks like one is. Throws trouble that passes. */
export async function sourceNames(source: Endpoint): Promise<SourceNames> {
	const { keys, keysUnknown } = await readReferences(source);
	return {
		ref: source.ref,
		host: new URL(source.url).host,
		keys: [
			...keys.map(({ value }) => value).filter((value) => value.length >= 16),
			...(keysUnknown ? KEY_BEGINNINGS : []),
		],
	};
}

export interface References {
	readonly project: readonly string[];
	readonly keys: readonly string[];
}

/** Paths of files that name the project, and of those that hold one of its keys. */
export function findReferences(files: readonly SourceFile[], names: SourceNames): References {
	const holds = (words: readonly string[]): string[] =>
		files
			.filter(({ bytes }) => words.some((word) => includes(bytes, word)))
			.map(({ path }) => path);
	return { project: holds([names.ref, names.host]), keys: holds(names.keys) };
}

/** The advice of an item; undefined when nothing was found. Keys themselves are never shown. */
export function referenceAdvice({ project, keys }: References): string | undefined {
	const advice: string[] = [];
	if (keys.length > 0) {
		advice.push(
			`${list(keys)} holds a key of the source: read it from a secret, then deploy again.`,
		);
	}
	if (project.length > 0) {
		advice.push(
			`${list(project)} names the source project: use the SUPABASE_URL of the environment, then deploy again.`,
		);
	}
	return advice.length === 0 ? undefined : advice.join(' ');
}

function list(paths: readonly string[]): string {
	const shown = paths.slice(0, LISTED_FILES).join(', ');
	return paths.length > LISTED_FILES ? `${shown} and ${paths.length - LISTED_FILES} more` : shown;
}

/** Letters from the rarest in code to the commonest; what is not here counts as rarer still. */
const COMMON_LAST = 'zqjxkvbywgpfmucdlhrsnioate';

/**
 * Searches bytes, so that a file need not be text. `word` is ASCII. The search goes by the rarest letter of the
 * word: by the first one it took ten times as long, of a function's two seconds of CPU.
 */
function includes(bytes: Uint8Array, word: string): boolean {
	const wanted = new TextEncoder().encode(word);
	const rank = (letter: string): number => COMMON_LAST.indexOf(letter);
	const rarest = [...word].reduce(
		(best, letter, index) => (rank(letter) < rank(word.charAt(best)) ? index : best),
		0,
	);
	const byte = wanted[rarest];
	if (byte === undefined) return false;
	for (let at = bytes.indexOf(byte, rarest); at !== -1; at = bytes.indexOf(byte, at + 1)) {
		if (isAt(bytes, wanted, at - rarest)) return true;
	}
	return false;
}

function isAt(bytes: Uint8Array, wanted: Uint8Array, start: number): boolean {
	for (let index = 0; index < wanted.length; index += 1) {
		if (bytes[start + index] !== wanted[index]) return false;
	}
	return true;
}
