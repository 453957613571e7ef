// Pieces of SQL about rows: how a column is compared, how a row is hashed, how a relation is read. Pure.
import { ident } from '../../platform/sql.ts';
import type { Column, HashMethod } from './inspect.ts';

/** A column that exists on both sides, as this clone treats it. */
export interface SharedColumn {
	readonly name: string;
	/** Type on the source. */
	readonly type: string;
	/** Oid of the base type on the source. */
	readonly baseOid: number;
	/** SQL expression whose equality on both sides means equal values. */
	readonly comparable: string;
	/** False where the target takes its value on insert only. */
	readonly isUpdatable: boolean;
	/** True when the binary formats of both sides are the same. */
	readonly isBinarySafe: boolean;
}

/**
 * Types whose binary hash is equal exactly when their text is. Not numeric (1.0 = 1.00), float (0 = -0), jsonb
 * (by value), interval (24 h = 1 day), enum (hashes oids), citext, geometry …: those are compared as text.
 */
const HASHED_AS_THEY_ARE: ReadonlySet<number> = new Set([
	16, // bool
	17, // bytea
	19, // name
	20, // int8
	21, // int2
	23, // int4
	25, // text
	26, // oid
	829, // macaddr
	1043, // varchar
	1082, // date
	1083, // time
	1114, // timestamp
	1184, // timestamptz
	2950, // uuid
]);

const TEXT_TYPES: ReadonlySet<number> = new Set([25, 1043]);

/** Built-in types, and arrays of them, whose binary format holds no oid and has not changed in years. */
const BINARY_SAFE: ReadonlySet<number> = new Set([
	16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 199, 700, 701, 829, 869, 650, 1000, 1001, 1002, 1003,
	1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1040, 1041, 1042, 1043, 651, 1082, 1083,
	1114, 1115, 1182, 1183, 1184, 1185, 1186, 1187, 1231, 1266, 1270, 1560, 1561, 1562, 1563, 1700,
	2950, 2951, 3802, 3807,
]);

/** How a column of the source is compared and moved into the target's column of the same name. */
export function shareColumn(source: Column, target: Column): SharedColumn {
	const isSameType = source.type === target.type && source.typeOid === target.typeOid;
	return {
		name: source.name,
		type: source.type,
		baseOid: source.baseOid,
		comparable: comparableOf(source, target),
		isUpdatable: !target.isAlwaysIdentity,
		isBinarySafe: isSameType && BINARY_SAFE.has(source.typeOid),
	};
}

function comparableOf(source: Column, target: Column): string {
	const column = ident(source.name);
	const isByteEqual = source.isDeterministic && target.isDeterministic;
	if (source.type === target.type && HASHED_AS_THEY_ARE.has(source.baseOid)) {
		return isByteEqual || !TEXT_TYPES.has(source.baseOid) ? column : `(${column} collate "C")`;
	}
	// The text of a row is written by the types themselves, whatever casts there are.
	if (source.hasTextCast || target.hasTextCast) return `row(${column})::text`;
	return isByteEqual ? `${column}::text` : `(${column}::text collate "C")`;
}

/** 64-bit hash of a row, the same on both sides for equal rows. */
export function rowHash(columns: readonly SharedColumn[], method: HashMethod): string {
	return hashOf(
		columns.map(({ comparable }) => comparable),
		method,
	);
}

export function hashOf(expressions: readonly string[], method: HashMethod): string {
	if (expressions.length === 0) return '0::int8';
	const row = `row(${expressions.join(', ')})`;
	if (method === 'record') return `hash_record_extended(${row}, 0)`;
	return `('x' || left(md5(${row}::text), 16))::bit(64)::int8`;
}

export function columnList(columns: readonly { readonly name: string }[]): string {
	return columns.map(({ name }) => ident(name)).join(', ');
}
