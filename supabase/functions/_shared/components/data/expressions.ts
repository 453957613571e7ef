// Pieces of SQL about rows: how a column is compared, how a row is hashed, how a relation is read. Pure.
import { ident } from '../../platform/postgres/index.ts';
import type { Column, HashMethod } from './table.ts';

/** How values of one type are brought into the target's order. */
export interface Reordering {
	/** On the source. */
	readonly expression: string;
	/** On the target: the value without attributes that only the target has. Null where it has none. */
	readonly shared: string | null;
}

/** A column that exists on both endpoints, as this clone treats it. */
export interface SharedColumn {
	readonly name: string;
	/** Type on the source. */
	readonly type: string;
	/** Oid of the base type on the source. */
	readonly baseOid: number;
	/** SQL expression whose equality on both endpoints means equal values. */
	readonly comparable: string;
	/** SQL expression for what is stored, where the text of the type is not that; else null. */
	readonly stored: string | null;
	/** False where the target takes its value on insert only. */
	readonly isUpdatable: boolean;
	/** True when the binary formats of both endpoints are the same. */
	readonly isBinarySafe: boolean;
	/** Where the source is asked for its values in other words than its type has. */
	readonly reordering: Reordering | null;
}

const BYTEA = 17;

/**
 * Types whose hash covers every bit and whose equality is that of their text. Not float (0 = -0), jsonb (by value),
 * enum (hashes oids), citext, bpchar, arrays, geometry …: those are compared as text.
 */
const HASHED_AS_THEY_ARE: ReadonlySet<number> = new Set([
	16, // bool
	BYTEA,
	19, // name
	21, // int2
	23, // int4
	25, // text
	26, // oid
	829, // macaddr
	1043, // varchar
	1082, // date
	2950, // uuid
]);

/**
 * Types whose hash covers less than their bits (8 bytes are folded to 4: 1 and 4294967296 have one hash), or whose
 * equality is coarser than their text (1.0 = 1.00, 24 hours = 1 day). Their binary form is exact, and faster than text.
 */
const SENT: ReadonlyMap<number, string> = new Map([
	[20, 'int8send'],
	[790, 'cash_send'],
	[1083, 'time_send'],
	[1114, 'timestamp_send'],
	[1184, 'timestamptz_send'],
	[1186, 'interval_send'],
	[1266, 'timetz_send'],
	[1700, 'numeric_send'],
	[3220, 'pg_lsn_send'],
	[5069, 'xid8send'],
]);

/**
 * What xml says of itself lacks its declaration, or has another one. Casts keep every byte, and what was stored once
 * is well-formed for `xmloption content`.
 */
const STORED_AS: ReadonlyMap<number, string> = new Map([
	[142, 'text'],
	[143, 'text[]'],
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
export function shareColumn(
	source: Column,
	target: Column,
	reordering: Reordering | null = null,
): SharedColumn {
	const isSameType = source.type === target.type && source.typeOid === target.typeOid;
	const stored = storedAs(source, target);
	return {
		name: source.name,
		type: source.type,
		baseOid: source.baseOid,
		comparable: stored === null ? comparableOf(source, target) : `${stored}::pg_catalog.text`,
		stored,
		isUpdatable: !target.isAlwaysIdentity,
		isBinarySafe: isSameType && BINARY_SAFE.has(source.typeOid),
		reordering: reordering ?? (stored === null ? null : { expression: stored, shared: null }),
	};
}

function storedAs(source: Column, target: Column): string | null {
	const type = STORED_AS.get(source.baseOid);
	if (type === undefined || source.baseOid !== target.baseOid) return null;
	return `${ident(source.name)}::${type}`;
}

function comparableOf(source: Column, target: Column): string {
	const column = ident(source.name);
	const isByteEqual = source.isDeterministic && target.isDeterministic;
	if (source.type === target.type && source.baseOid === target.baseOid) {
		const send = SENT.get(source.baseOid);
		if (send !== undefined) return `pg_catalog.${send}(${column})`;
		if (HASHED_AS_THEY_ARE.has(source.baseOid)) {
			return isByteEqual || !TEXT_TYPES.has(source.baseOid) ? column : `(${column} collate "C")`;
		}
	}
	// The text of a row is written by the types themselves, whatever casts there are.
	if (source.hasTextCast || target.hasTextCast) return `row(${column})::pg_catalog.text`;
	return isByteEqual ? `${column}::pg_catalog.text` : `(${column}::pg_catalog.text collate "C")`;
}

/** 64-bit hash of a row, the same on both endpoints for equal rows. */
export function rowHash(columns: readonly SharedColumn[], method: HashMethod): string {
	return hashOf(
		columns.map(({ comparable }) => comparable),
		method,
	);
}

/**
 * The hash of a record is linear in those of its columns: where two rows swapped a value, their sum would stay
 * the same. So the bytes of that hash are hashed again.
 */
export function hashOf(expressions: readonly string[], method: HashMethod): string {
	if (expressions.length === 0) return '0::int8';
	const row = `row(${expressions.join(', ')})`;
	if (method === 'record') {
		const hashed = `pg_catalog.hash_record_extended(${row}, 0::pg_catalog.int8)`;
		return `pg_catalog.hash_record_extended(row(pg_catalog.int8send(${hashed})), 0::pg_catalog.int8)`;
	}
	return digestOf(row);
}

/**
 * What a verification sums up: a digest of the row's values as they are sent to a reader. It shares neither the hash nor
 * the rules of the copy, so that a mistake in those cannot hide here too. Binary forms keep every bit and cost half of
 * text; those of other types hold oids, or differ between versions.
 */
export function rowDigest(columns: readonly SharedColumn[]): string {
	if (columns.length === 0) return '0::int8';
	const sent = columns.map(({ name, stored, isBinarySafe }) =>
		isBinarySafe ? ident(name) : `row(${stored ?? ident(name)})::pg_catalog.text`,
	);
	return foldedDigest(`pg_catalog.record_send(row(${sent.join(', ')}))`);
}

export const digestOf = (row: string): string => foldedDigest(`${row}::pg_catalog.text`);

/** 64 bits that each depend on all of md5; to parse the first of its digits takes five times as long. */
const foldedDigest = (value: string): string =>
	`pg_catalog.hashtextextended(pg_catalog.md5(${value}), 0::pg_catalog.int8)`;

export function columnList(columns: readonly { readonly name: string }[]): string {
	return columns.map(({ name }) => ident(name)).join(', ');
}
