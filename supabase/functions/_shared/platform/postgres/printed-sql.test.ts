import { describe, expect, test } from 'vitest';
import { readBackAsPrinted } from './printed-sql.ts';

describe('casts of arrays', () => {
	test.each([
		[
			`CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))`,
			`CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying]::anyarray)::text[])))`,
		],
		[
			`ARRAY[k::character varying, 'x'::character varying]::text[]`,
			`ARRAY[k::character varying, 'x'::character varying]::anyarray::text[]`,
		],
		[
			`(ARRAY[ARRAY['a]'::character varying], ARRAY[(list)[1]]])::text[]`,
			`(ARRAY[ARRAY['a]'::character varying], ARRAY[(list)[1]]]::anyarray)::text[]`,
		],
		[
			`(ARRAY[(ARRAY['a'::character varying])::text[]])::character varying[]`,
			`(ARRAY[(ARRAY['a'::character varying]::anyarray)::text[]]::anyarray)::character varying[]`,
		],
		[`$1 = ANY ((ARRAY[$2])::text[])`, `$1 = ANY ((ARRAY[$2]::anyarray)::text[])`],
	])('are kept: %s', (printed, kept) => {
		expect(readBackAsPrinted(printed)).toBe(kept);
	});
});

describe('connections that begin with one of their kind', () => {
	test.each([
		[
			`CHECK ((((a >= 1) AND (a <= 2)) AND (c > 3)))`,
			`CHECK ((((a >= 1) AND (a <= 2))::boolean AND (c > 3)))`,
		],
		[`(((a = b) OR (a = c)) OR x)`, `(((a = b) OR (a = c))::boolean OR x)`],
		[`((((a AND b) AND c) AND d) OR e)`, `((((a AND b)::boolean AND c)::boolean AND d) OR e)`],
	])('are kept: %s', (printed, kept) => {
		expect(readBackAsPrinted(printed)).toBe(kept);
	});
});

describe('entries of a list without a name', () => {
	test.each([
		[
			`SELECT 'a'::text AS kind FROM t UNION ALL SELECT 'b'::text FROM u`,
			`SELECT 'a'::text AS kind FROM t UNION ALL SELECT 'b'::text AS "?column?" FROM u`,
		],
		[
			`( SELECT a.id,\n    'x, FROM'::text,\n    (1)::numeric(10,2)\n UNION\n SELECT NULL::character varying(3)[])`,
			`( SELECT a.id,\n    'x, FROM'::text AS "?column?",\n    (1)::numeric(10,2) AS "?column?"\n UNION\n SELECT NULL::character varying(3)[] AS "?column?")`,
		],
		[
			`BEGIN ATOMIC\n SELECT 'x'::text;\nEND`,
			`BEGIN ATOMIC\n SELECT 'x'::text AS "?column?";\nEND`,
		],
	])('are kept nameless: %s', (printed, kept) => {
		expect(readBackAsPrinted(printed)).toBe(kept);
	});
});

describe('nothing else is touched', () => {
	test.each([
		`ARRAY[]::text[]`,
		`= ANY (ARRAY['a'::text, 'b'::text])`,
		`(list)[1]::text`,
		`my_array[1]::text`,
		`'(ARRAY[''a''::character varying])::text[]'::text`,
		`E'\\'(ARRAY[1])::int[]'`,
		`"odd (ARRAY[1])::int[] ""name"""`,
		`create function f() returns void language plpgsql as $function$ (ARRAY[1])::int[] $function$`,
		`$$((a AND b) AND c)$$`,
		`((a AND b) OR c)`,
		`(a AND (b AND c) AND d)`,
		`(f((a AND b)) AND c)`,
		`('(a AND b)'::text AND c)`,
		`("ANDROID" AND "OR" AND c)`,
		`SELECT t.a, (t.b)::text AS b, (t.a + 1), "x::y", t.*, f(a, 'x'::text) AS f FROM t`,
		`DEFAULT 'a'::text, b integer`,
		`EXTRACT(year FROM (a)::date)`,
		`( SELECT 1 FROM t WHERE ((t.a)::text = 'x'::text))`,
	])('%s', (printed) => {
		expect(readBackAsPrinted(printed)).toBe(printed);
	});
});
