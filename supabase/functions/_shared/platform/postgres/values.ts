// Values on the wire, always as text: results to JavaScript values by type, parameters to text.
import type { Param, Row } from './session.ts';
import { viewOf } from './messages.ts';

interface Column {
	readonly name: string;
	readonly decode: (text: string) => unknown;
}

const decoder = new TextDecoder();
const asText = (value: string): unknown => value;

function asInteger(value: string): unknown {
	const number = Number(value);
	return Number.isSafeInteger(number) ? number : value;
}

const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]);

const DECODERS: ReadonlyMap<number, (text: string) => unknown> = new Map([
	[16, (value: string): unknown => value === 't'],
	[20, asInteger],
	[21, Number],
	[23, Number],
	[26, Number],
	[114, JSON.parse],
	[700, Number],
	[701, Number],
	[3802, JSON.parse],
]);

/** Columns of a RowDescription body. */
export function readColumns(body: Uint8Array): readonly Column[] {
	const view = viewOf(body);
	const columns: Column[] = [];
	let at = 2;
	for (let count = view.getInt16(0); count > 0; count -= 1) {
		const end = body.indexOf(0, at);
		const typeOid = view.getUint32(end + 7);
		columns.push({
			name: decoder.decode(body.subarray(at, end)),
			decode: DECODERS.get(typeOid) ?? asText,
		});
		at = end + 19;
	}
	return columns;
}

/** One DataRow body. */
export function readRow(columns: readonly Column[], body: Uint8Array): Row {
	const view = viewOf(body);
	let at = 2;
	return Object.fromEntries(
		columns.map(({ name, decode }) => {
			const size = view.getInt32(at);
			at += 4;
			if (size < 0) return [name, null];
			const value = decode(decoder.decode(body.subarray(at, at + size)));
			at += size;
			return [name, value];
		}),
	);
}

/** Type oids of a ParameterDescription body. */
export function readParameterTypes(body: Uint8Array): readonly number[] {
	const view = viewOf(body);
	return Array.from({ length: view.getInt16(0) }, (_, index) => view.getUint32(2 + index * 4));
}

/** A parameter as text; null stays null. `typeOid` decides whether an array is JSON or a Postgres array. */
export function writeParam(value: Param, typeOid: number | undefined): string | null {
	if (value === null) return null;
	if (typeof value === 'object') {
		const isArray = Array.isArray(value) && typeOid !== undefined && !JSON_TYPES.has(typeOid);
		return isArray ? writeArray(value) : JSON.stringify(value);
	}
	return String(value);
}

function writeArray(values: readonly unknown[]): string {
	return `{${values.map(writeElement).join(',')}}`;
}

function writeElement(value: unknown): string {
	if (value === null || value === undefined) return 'null';
	if (Array.isArray(value)) return writeArray(value);
	const plain = typeof value === 'object' ? JSON.stringify(value) : String(value);
	return `"${plain.replace(/["\\]/g, '\\$&')}"`;
}
