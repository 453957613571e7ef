import { describe, expect, it } from 'vitest';
import { parseMultipart } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=xyz';

function body(...pieces: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
	const encoded = pieces.map((piece) =>
		typeof piece === 'string' ? new TextEncoder().encode(piece) : piece,
	);
	const whole = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
	let offset = 0;
	for (const piece of encoded) {
		whole.set(piece, offset);
		offset += piece.length;
	}
	return whole;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a multipart body', () => {
	it('keeps every byte of a binary part', () => {
		const binary = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
		const [part] = parseMultipart(
			TYPE,
			body(
				'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
				binary,
				'\r\n--xyz--',
			),
		);
		expect(part?.bytes).toEqual(binary);
	});

	it('does not end a part at a line that only begins like the boundary', () => {
		const content = '\r\n--xyzzy\r\n--xy\r\n\r\n--xyz-\r\n';
		const parts = parseMultipart(
			TYPE,
			body(`--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n${content}\r\n--xyz--\r\n`),
		);
		expect(parts.map(({ bytes }) => text(bytes))).toEqual([content]);
	});

	it('reads names with paths, quotes, escapes and other headers', () => {
		const parts = parseMultipart(
			'multipart/form-data; charset=utf-8; boundary="x y"',
			body(
				'preamble\r\n--x y  \r\n',
				'Content-Disposition: form-data; name="file"; filename="../a b/\\"ü\\".ts"\r\nSupabase-Path: source/x.ts\r\n\r\n1',
				`\r\n--x y\r\ncontent-disposition: form-data; filename*=UTF-8''na%C3%AFve.ts; name=plain\r\n\r\n`,
				'\r\n--x y--epilogue',
			),
		);
		expect(parts.map(({ name, filename }) => ({ name, filename }))).toEqual([
			{ name: 'file', filename: '../a b/"ü".ts' },
			{ name: 'plain', filename: 'na%C3%AFve.ts' },
		]);
		expect(parts[0]?.headers.get('supabase-path')).toBe('source/x.ts');
		expect(parts[1]?.bytes).toHaveLength(0);
	});

	it('reads what fetch itself writes', async () => {
		const form = new FormData();
		form.append('metadata', '{"a":1}');
		form.append('file', new Blob(['x']), 'dir/ü.ts');
		const response = new Response(form);
		const type = response.headers.get('content-type') ?? '';
		const parts = parseMultipart(type, new Uint8Array(await response.arrayBuffer()));
		expect(parts.map(({ name, filename, bytes }) => [name, filename, text(bytes)])).toEqual([
			['metadata', undefined, '{"a":1}'],
			['file', 'dir/ü.ts', 'x'],
		]);
	});

	it('may be empty, but not cut off or of another type', () => {
		expect(parseMultipart(TYPE, body('--xyz--'))).toEqual([]);
		expect(() => parseMultipart(TYPE, body('--xyz\r\nA: b\r\n\r\ncut'))).toThrow(
			'no closing boundary',
		);
		expect(() => parseMultipart(TYPE, body('<html>'))).toThrow('no closing boundary');
		expect(() => parseMultipart('application/json', body('{}'))).toThrow('application/json');
	});

	it('reads twenty megabytes in well under a second', () => {
		const large = new Uint8Array(20_000_000).fill(CR_LIKE);
		const head = '--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
		const started = performance.now();
		const [part] = parseMultipart(TYPE, body(head, large, '\r\n--xyz--'));
		expect(part?.bytes.length).toBe(large.length);
		expect(performance.now() - started).toBeLessThan(2000);
	});
});

/** Not a carriage return: binary files have one in 256 bytes, text none. */
const CR_LIKE = 14;
