// Paths of a function's files as downloads give them, brought to one form: relative, with `/`, without the
// folder in which the platform unpacked the bundle. Pure.
import { TwinsError } from '../../domain/errors.ts';

/** `/tmp/user_fn_<ref>_<id>_<version>/`, absolute (Deno 1 bundles) or not. */
const UNPACKED = /^.*?(?:^|\/)tmp\/user_fn_[a-z]{20}_[^/]+\//;
const SOURCE = 'source/';

/**
 * Paths of all files in the given order, relative to one root. Throws `unsupported` for a path that would
 * leave the root, or for two files at one path.
 */
export function relativePaths(raw: readonly string[]): string[] {
	const cleaned = raw.map(cleanPath);
	const withoutSource = cleaned.every((path) => path.startsWith(SOURCE))
		? cleaned.map((path) => path.slice(SOURCE.length))
		: cleaned;
	const isAbsolute =
		withoutSource.length > 0 && withoutSource.every((path) => path.startsWith('/'));
	const root = isAbsolute ? commonFolder(withoutSource) : '';
	const paths = withoutSource.map((path) => path.slice(root.length).replace(/^\/+/, ''));
	const twice = paths.find((path, index) => paths.indexOf(path) !== index);
	if (twice !== undefined) throw strange(twice, 'two files have this path');
	return paths;
}

/** One path: URL and percent escapes undone, dot segments refused, the unpack folder cut off. */
export function cleanPath(raw: string): string {
	const decoded = decode(raw.replace(/^file:\/\//, '')).replace(UNPACKED, '');
	// Control characters have no place in a name, and a NUL would cut it off.
	if (/[\u0000-\u001f\u007f]/.test(decoded)) throw strange(raw, 'it has control characters');
	const segments = decoded.split('/').filter((segment) => segment !== '' && segment !== '.');
	if (segments.includes('..')) throw strange(raw, 'it leads out of the function');
	if (segments.length === 0) throw strange(raw, 'it names no file');
	return (decoded.startsWith('/') ? '/' : '') + segments.join('/');
}

/** A lone `%` is a legal character of a file name, so what does not decode stays as it is. */
function decode(text: string): string {
	return text
		.split('/')
		.map((segment) => {
			try {
				return decodeURIComponent(segment);
			} catch {
				return segment;
			}
		})
		.join('/');
}

/** The folder shared by all paths, with its closing slash; '' when there is none. */
export function commonFolder(paths: readonly string[]): string {
	const [first = [], ...rest] = paths.map((path) => path.split('/').slice(0, -1));
	let length = first.length;
	for (const folder of rest) {
		let same = 0;
		while (same < length && folder[same] === first[same]) same += 1;
		length = same;
	}
	return length === 0 ? '' : `${first.slice(0, length).join('/')}/`;
}

/**
 * The file that `wanted` (a path or file URL from the metadata) names: the same path, or the longest one that
 * ends alike, since downloads may cut off folders that all files share. Undefined when none does.
 */
export function locate(wanted: string, paths: readonly string[]): string | undefined {
	const path = cleanPath(wanted).replace(/^\//, '');
	const candidates = [path, path.replace(SOURCE, '')];
	return (
		paths.find((file) => candidates.includes(file)) ??
		paths
			.filter((file) => path.endsWith(`/${file}`) || file.endsWith(`/${path}`))
			.sort((left, right) => right.length - left.length)[0]
	);
}

function strange(path: string, reason: string): TwinsError {
	return new TwinsError(
		'unsupported',
		`the download has a file "${path.replace(/[\u0000-\u001f\u007f]/g, '�')}" that cannot be deployed: ${reason}`,
		'Deploy this function from its own source files.',
	);
}
