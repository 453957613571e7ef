import { describe, expect, it, test } from 'vitest';
import { formatAmount, formatBytes, formatQuantity } from './amount.ts';
import { makePreview, plannedContents, previewSchema, type PreviewObject } from './preview.ts';
import { countsText, partLabel, planText } from './preview-words.ts';

describe('numbers in words', () => {
	it('have the singular for one, whatever its plural is', () => {
		expect(formatQuantity(1, 'policy')).toBe('1 policy');
		expect(formatQuantity(1, 'index')).toBe('1 index');
		expect(formatQuantity(2, 'mfa_factor')).toBe('2 second factors');
		expect(formatQuantity(1_234, 'table')).toBe('1,234 tables');
	});

	it('tell how much they know', () => {
		expect(formatAmount({ count: 3_006_477, is_estimate: true }, 'row')).toBe('≈ 3,010,000 rows');
		expect(formatAmount({ count: 1, is_minimum: true }, 'user')).toBe('at least 1 user');
		expect(formatAmount({ count: null }, 'row')).toBe('an unknown number of rows');
		expect(formatAmount({ count: 5_200_000 }, 'byte')).toBe('5.2 MB');
	});

	it('never show four digits before a unit of bytes', () => {
		expect([0, 999, 1_000, 999_960, 12_400_000, 250_000_000_000].map(formatBytes)).toEqual([
			'0 B',
			'999 B',
			'1 kB',
			'1 MB',
			'12.4 MB',
			'250 GB',
		]);
	});
});

describe('a preview', () => {
	const object = (name: string, action: PreviewObject['action']): PreviewObject => ({
		object: name,
		kind: 'table',
		action,
	});

	it('lists what is lost first, and cuts what is only added', () => {
		const created = Array.from({ length: 600 }, (_, index) => object(`public.t${index}`, 'create'));
		const preview = makePreview({
			counts: [],
			objects: [object('same', 'keep'), ...created, object('theirs', 'remove')],
			warnings: [],
		});
		expect(preview.objects).toHaveLength(500);
		expect(preview.objects.slice(0, 2).map((one) => one.object)).toEqual(['theirs', 'public.t0']);
		expect(preview.objects_total).toBe(602);
		expect(planText(preview.plan)).toBe('1 table removed · 600 tables created · 1 table equal');
	});

	it('puts the worst warnings first', () => {
		const warning = { object: 'o', message: 'm', fix: 'f' };
		const { warnings } = makePreview({
			counts: [],
			objects: [],
			warnings: [
				{ level: 'note', ...warning },
				{ level: 'blocker', ...warning },
				{ level: 'warning', ...warning },
			],
		});
		expect(warnings.map(({ level }) => level)).toEqual(['blocker', 'warning', 'note']);
	});

	it('refuses what it does not know, through JSON and back', () => {
		const preview = makePreview({
			counts: [{ unit: 'row', source: null, target: 3, is_estimate: true }],
			objects: [{ ...object('public.t', 'fill'), strategy: 'mirror', partition_of: undefined }],
			warnings: [],
		});
		const stored: unknown = JSON.parse(JSON.stringify(preview));
		expect(previewSchema.parse(stored)).toEqual(stored);
		expect(previewSchema.safeParse({ ...preview, rows: 1 }).success).toBe(false);
		const odd = { ...preview, counts: [{ unit: 'rows', source: 1 }] };
		expect(previewSchema.safeParse(odd).success).toBe(false);
	});
});

describe('what happens to contents of which only numbers are known', () => {
	const plan = (
		source: number | null,
		target: number | null,
		strategy: 'mirror' | 'upsert' = 'mirror',
	): string => planText(plannedContents({ unit: 'row', source, target }, strategy));

	it('is certain where one endpoint has none', () => {
		expect(plan(12, 0)).toBe('12 rows added');
		expect(plan(0, 3)).toBe('3 rows removed');
		expect(plan(0, 3, 'upsert')).toBe('');
		expect(plan(0, 0)).toBe('');
	});

	it('is at least the difference where both have some', () => {
		expect(plan(12, 2)).toBe(
			'other rows removed · different rows overwritten · at least 10 rows added',
		);
		expect(plan(2, 12)).toBe(
			'at least 10 rows removed · different rows overwritten · missing rows added',
		);
		expect(plan(2, 12, 'upsert')).toBe('different rows overwritten · missing rows added');
		expect(plan(null, 12)).toBe(
			'other rows removed · different rows overwritten · missing rows added',
		);
	});
});

test('counts and plans are listed per endpoint, sums of several kinds without a noun', () => {
	const counts = [
		{ unit: 'table' as const, source: 12, target: 1 },
		{ unit: 'domain' as const, source: 0, target: 0 },
		{ unit: 'byte' as const, source: 884_736 },
	];
	expect(countsText(counts, 'source')).toBe('12 tables · 885 kB');
	expect(countsText(counts, 'target')).toBe('1 table');
	const many = [
		...counts,
		{ unit: 'index' as const, source: 3 },
		{ unit: 'view' as const, source: 1 },
	];
	expect(countsText(many, 'source', 2)).toBe('12 tables · 885 kB · 2 other kinds');
	expect(
		planText([
			{ kind: 'table', action: 'create', count: 2 },
			{ kind: 'index', action: 'create', count: 3 },
			{ kind: 'policy', action: 'leave', count: 1 },
		]),
	).toBe('5 created · 1 policy left alone');
	expect([partLabel('auth_users'), partLabel('target')]).toEqual(['Auth users', 'Target']);
});
