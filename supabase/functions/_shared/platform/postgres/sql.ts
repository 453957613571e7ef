// The only way a name or a value gets into SQL text.

/** A quoted identifier: `order` → `"order"`, `a"b` → `"a""b"`. Always quoted, so no word list is needed. */
export function ident(name: string): string {
	if (name.includes('\0')) throw new Error('identifier contains a NUL character');
	return `"${name.replaceAll('"', '""')}"`;
}

/** A qualified name: `ident('public', 'orders')` joined by dots. */
export function qualified(...names: readonly string[]): string {
	return names.map(ident).join('.');
}

/** A quoted literal, safe whatever standard_conforming_strings says. */
export function literal(value: string | number | boolean | null): string {
	if (value === null) return 'null';
	if (typeof value !== 'string') return String(value);
	if (value.includes('\0')) throw new Error('text contains a NUL character');
	const doubled = value.replaceAll("'", "''");
	return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
