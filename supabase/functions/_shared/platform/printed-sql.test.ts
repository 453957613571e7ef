import { describe, expect, test } from 'vitest';
import { readBackAsPrinted } from './printed-sql.ts';

describe('casts of arrays', () => {
	test.each([
		[
			`CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))`,
			`CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying]::anyarray)::text[])))`,
		],
		[
			`ARRAY[k::varchar, 'x'::varchar]::text[]`,
			`ARRAY[k::varchar, 'x'::varchar]::anyarray::text[]`,
		],
		[
			`(ARRAY[ARRAY['a]'::varchar], ARRAY[(list)[1]]])::text[]`,
			`(ARRAY[ARRAY['a]'::varchar], ARRAY[(list)[1]]]::anyarray)::text[]`,
		],
		[
			`(ARRAY[(ARRAY['a'::varchar])::text[]])::varchar[]`,
			`(ARRAY[(ARRAY['a'::varchar]::anyarray)::text[]]::anyarray)::varchar[]`,
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

describe('nothing else is touched', () => {
	test.each([
		`ARRAY[]::text[]`,
		`= ANY (ARRAY['a'::text, 'b'::text])`,
		`(list)[1]::text`,
		`my_array[1]::text`,
		`'(ARRAY[''a''::varchar])::text[]'::text`,
		`E'\\'(ARRAY[1])::int[]'`,
		`"odd (ARRAY[1])::int[] ""name"""`,
		`create function f() returns void language plpgsql as $function$ (ARRAY[1])::int[] $function$`,
		`$$((a AND b) AND c)$$`,
		`((a AND b) OR c)`,
		`(a AND (b AND c) AND d)`,
		`(f((a AND b)) AND c)`,
		`('(a AND b)'::text AND c)`,
		`("ANDROID" AND "OR" AND c)`,
	])('%s', (printed) => {
		expect(readBackAsPrinted(printed)).toBe(printed);
	});
});
