// The parts of the Postgres client that need no server.
import { describe, expect, it } from 'vitest';
import { startScram } from './scram.ts';
import { serverError } from './errors.ts';
import { BACKEND, frame, joined } from './messages.ts';
import { createFrameFilter } from './splice.ts';
import { readColumns, readRow, writeParam } from './values.ts';

describe('the filter of a COPY stream', () => {
	const data = (text: string) => frame('d', new TextEncoder().encode(text));
	const stream = joined([
		frame('H', new Uint8Array(7)),
		data('one'),
		data(''),
		frame('N', 'a notice'),
		data('€'.repeat(40)),
		frame('c'),
		frame('C', 'COPY 3'),
		frame('H', new Uint8Array(7)),
		frame('c'),
		frame('C', 'COPY 0'),
		frame('Z', new TextEncoder().encode('I')),
		frame('S', 'late', 'parameter'),
	]);
	const wanted = joined([data('one'), data(''), data('€'.repeat(40)), frame('c'), frame('c')]);

	const run = (size: number, stopAfter = Infinity) => {
		const seen: string[] = [];
		const out: Uint8Array[] = [];
		const filter = createFrameFilter((type) => {
			seen.push(String.fromCharCode(type));
			return type === BACKEND.ready;
		});
		let at = 0;
		for (;;) {
			if (at >= stopAfter) filter.stopForwarding();
			const chunk = stream.slice(at, at + size);
			const { forward, end } = filter.take(chunk);
			out.push(chunk.slice(0, forward));
			if (end !== undefined) return { seen, out: joined(out), rest: at + end };
			at += size;
		}
	};

	it('forwards row data only, wherever the chunks are cut', () => {
		for (let size = 1; size <= stream.length; size += 1) {
			const { seen, out, rest } = run(size);
			expect(out).toEqual(wanted);
			expect(seen.join('')).toBe('HNCHCZ');
			expect(stream[rest]).toBe('S'.charCodeAt(0));
		}
	});

	it('stops between two frames, never inside one', () => {
		for (let size = 1; size <= 60; size += 1) {
			for (let stop = 0; stop < stream.length; stop += 7) {
				const { out } = run(size, stop);
				expect(wanted.subarray(0, out.length)).toEqual(out);
				expect([0, 8, 13, 138, 143, 148]).toContain(out.length);
			}
		}
	});
});

describe('values', () => {
	it('of rows are read by their type; a column may have any name', () => {
		const column = (name: string, oid: number) => {
			const rest = new Uint8Array(18);
			new DataView(rest.buffer).setUint32(6, oid);
			return joined([name, rest]);
		};
		const columns = readColumns(
			joined([new Uint8Array([0, 2]), column('a', 20), column('b', 3802)]),
		);
		const row = new Uint8Array([0, 2, 0, 0, 0, 2, 52, 50, 255, 255, 255, 255]);
		expect(readRow(columns, row)).toEqual({ a: 42, b: null });
	});

	it('of parameters become arrays or JSON, as their type says', () => {
		const list = ['a"b', null, ['nested'], { k: 1 }];
		expect(writeParam(list, 1009)).toBe('{"a\\"b",null,{"nested"},"{\\"k\\":1}"}');
		expect(writeParam(list, 3802)).toBe(JSON.stringify(list));
		expect([writeParam(10n, 20), writeParam(true, 16), writeParam(null, 25)]).toEqual([
			'10',
			'true',
			null,
		]);
	});
});

describe('errors', () => {
	it('are what the server answers, by the names of its fields', () => {
		const error = serverError(
			joined(['VERROR', 'C23505', 'Mduplicate key value', 'norders_key', new Uint8Array(1)]),
		);
		expect(error.message).toBe('duplicate key value');
		expect(error.answer).toMatchObject({
			severity: 'ERROR',
			sqlstate: '23505',
			constraint: 'orders_key',
		});
	});
});

describe('SCRAM', () => {
	it('refuses a server that does not repeat our nonce', async () => {
		const scram = startScram('secret');
		await expect(scram.answer('r=other,s=c2FsdA==,i=4096')).rejects.toThrow('nonce');
	});

	it('believes only a server that knows the password', async () => {
		const scram = startScram('secret');
		const nonce = scram.first.split('r=')[1] ?? '';
		await scram.answer(`r=${nonce}server,s=c2FsdA==,i=16`);
		expect(scram.isServerGenuine('v=AAAA')).toBe(false);
	});
});
