import { expect, test } from 'vitest';
import { extensionWarnings } from './preview.ts';

test('an extension that the target lacks or has in another version is named', () => {
	const warnings = extensionWarnings(
		new Map([
			['citext', '1.6'],
			['postgis', '3.3'],
			['pg_trgm', '1.6'],
		]),
		new Map([
			['citext', '1.6'],
			['pg_trgm', '1.5'],
		]),
	);
	expect(warnings.map(({ level, object, message }) => [level, object, message])).toEqual([
		['blocker', 'extension postgis', 'The target does not offer this extension'],
		['note', 'extension pg_trgm', 'Version 1.6 on the source, 1.5 on the target'],
	]);
	expect(warnings.every(({ fix }) => fix.length > 0)).toBe(true);
});
