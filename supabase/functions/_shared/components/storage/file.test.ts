import { describe, expect, it } from 'vitest';
import { type Bucket, filePath, isAddressable, type StoredFile } from './file.ts';
import { isOlderThanLimits } from './buckets.ts';
import { emptyTally } from './cursor.ts';
import { inLanes } from './lanes.ts';
import { reportFile, summary } from './report.ts';

describe('names of files', () => {
	it('are escaped but for the slashes between their parts', () => {
		expect(filePath('my bucket', `a b/100%/"q"#?&+/日`)).toBe(
			'my%20bucket/a%20b/100%25/%22q%22%23%3F%26%2B/%E6%97%A5',
		);
	});

	it('with dots for parts cannot be put into a URL', () => {
		expect(['a/../b', './a', '..'].map(isAddressable)).toEqual([false, false, false]);
		expect(['a/...', '.hidden', 'a..b/c.'].map(isAddressable)).toEqual([true, true, true]);
	});
});

describe('limits of a bucket', () => {
	const bucket = {
		fileSizeLimit: 10,
		allowedMimeTypes: ['image/*', 'text/css'],
	} as never as Bucket;
	const file = (size: number, mimetype: string | null) => ({ size, mimetype }) as StoredFile;

	it('are compared as the service compares them', () => {
		expect(isOlderThanLimits(bucket, file(10, 'image/png'))).toBe(false);
		expect(isOlderThanLimits(bucket, file(11, 'image/png'))).toBe(true);
		expect(isOlderThanLimits(bucket, file(1, 'text/css'))).toBe(false);
		expect(isOlderThanLimits(bucket, file(1, 'text/css; charset=utf-8'))).toBe(true);
		expect(isOlderThanLimits(bucket, file(1, null))).toBe(true);
	});
});

describe('the report of a bucket', () => {
	it('names files up to a cap and counts the others', () => {
		const tally = emptyTally();
		const items = Array.from({ length: 300 }, (_, n) =>
			reportFile(tally, 'b', { name: `${n}`, outcome: 'copied', bytes: 10 }),
		).flat();
		expect(items).toHaveLength(200);
		expect(summary(tally, 'b')).toEqual({
			object: 'b/*',
			outcome: 'copied',
			detail: 'files: 300 copied (3 kB)',
		});
	});

	it('is never a success when a file failed', () => {
		const tally = emptyTally();
		reportFile(tally, 'b', { name: 'x', outcome: 'failed', detail: 'd', fix: 'f' });
		expect(summary(tally, 'b')).toMatchObject({ outcome: 'failed' });
	});
});

describe('lanes', () => {
	it('start in order, at most six at once, and none after the end of the slice', async () => {
		let running = 0;
		let most = 0;
		const started: number[] = [];
		const tasks = Array.from({ length: 30 }, (_, n) => n);
		const count = await inLanes(
			tasks,
			() => started.length >= 20,
			async (task) => {
				started.push(task);
				most = Math.max(most, (running += 1));
				await new Promise(setImmediate);
				running -= 1;
			},
		);
		expect([count, most]).toEqual([20, 6]);
		expect(started).toEqual(tasks.slice(0, 20));
	});

	it('end what runs before an error is thrown', async () => {
		let ended = 0;
		const work = async (task: number) => {
			await new Promise(setImmediate);
			if (task === 0) throw new Error('lost');
			await new Promise(setImmediate);
			ended += 1;
		};
		await expect(inLanes([0, 1, 2, 3, 4, 5, 6, 7], () => false, work)).rejects.toThrow('lost');
		expect(ended).toBe(5);
	});
});
