import { expect, test } from 'vitest';
import { allRows, readPart } from './all-rows.ts';

test('reads on until the whole list is there, whatever the service cuts its answers at', async () => {
	const list = Array.from({ length: 2_350 }, (_, index) => index);
	const asked: number[] = [];
	const rows = await allRows((from, to) => {
		asked.push(from);
		const data = list.slice(from, Math.min(to + 1, from + 500));
		return Promise.resolve({ data, error: null, count: list.length });
	});
	expect(rows).toEqual(list);
	expect(asked).toEqual([0, 500, 1000, 1500, 2000]);
});

test('asks once for an empty list', async () => {
	let asked = 0;
	const rows = await allRows(() => {
		asked += 1;
		return Promise.resolve({ data: [], error: null, count: 0 });
	});
	expect([rows, asked]).toEqual([[], 1]);
});

test('asks for the length first only where a part may lie beyond the end', async () => {
	const list = Array.from({ length: 70 }, (_, index) => index);
	const asked: string[] = [];
	const read = (from: number, to: number) => {
		asked.push(`${from}-${to}`);
		const data = list.slice(from, to + 1);
		return Promise.resolve({ data, error: null, count: list.length });
	};
	expect(await readPart(read, 0, 50)).toEqual({ rows: list.slice(0, 50), total: 70 });
	expect(await readPart(read, 50, 50)).toEqual({ rows: list.slice(50), total: 70 });
	expect(await readPart(read, 100, 50)).toEqual({ rows: [], total: 70 });
	expect(await readPart(read, 0, 0)).toEqual({ rows: [], total: 70 });
	expect(asked).toEqual(['0-49', '0-0', '50-99', '0-0', '0-0']);
});
