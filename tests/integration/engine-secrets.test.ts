// What the engine stores of a slice for people to read, when the projects' own texts hold keys.
import { expect, it } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { makePreview } from '../../supabase/functions/_shared/domain/preview.ts';
import { component, only, sharedEngine, stage } from '../helpers/engine.ts';

const engine = sharedEngine();

it('is stored without the keys and tokens that definitions and messages quote', async () => {
	const key = `sb_secret_${'k'.repeat(24)}`;
	const text = `select '${key}', '{"a":"Bearer ${'q'.repeat(20)}"}', 'sk_live_${'0'.repeat(20)}', 'Bearer ' || x`;
	const kept = { [key]: text };
	const talkative: Component = {
		...component(
			'tables',
			stage('structure', ({ report, remember, cursor }) => {
				report({ object: `table ${key}`, outcome: 'adapted', detail: text, fix: text });
				remember(kept);
				if (cursor === null) return Promise.resolve({ state: 'more', cursor: kept });
				expect(cursor).toEqual(kept);
				return Promise.reject(new TwinsError('database_refused', text, text));
			}),
		),
		preview: () =>
			Promise.resolve(
				makePreview({
					counts: [],
					objects: [{ object: 'o', kind: 'table', action: 'create', sql: [text] }],
					warnings: [{ level: 'note', object: 'o', message: text, fix: text }],
				}),
			),
		verify: () =>
			Promise.resolve([
				{ severity: 'failed', object: 'o', expected: text, found: text, fix: text },
			]),
	};
	await engine.control.asUser('select id from public.start_preview($1, $2, $3, $4, $5::jsonb)', [
		engine.control.accountId,
		engine.control.sourceRef,
		engine.control.accountId,
		engine.control.targetRef,
		only('tables'),
	]);
	await engine.control.startClone({ ...only('tables'), verify: 'counts' });
	await engine.workAll([talkative]);
	const [readable] = await engine.control.sql`
		select jsonb_build_array(
			(select jsonb_agg(t) from public.jobs t), (select jsonb_agg(t) from public.job_components t),
			(select jsonb_agg(t) from public.job_items t), (select jsonb_agg(t) from public.previews t),
			(select jsonb_agg(t) from public.verification_findings t), (select jsonb_agg(t) from private.steps t
				where status = 'failed' and cursor is null), (select jsonb_agg(payload) from realtime.messages)
		)::text as text`;
	const stored = String(readable?.['text']);
	expect(stored).toContain("select '[hidden]'");
	expect(stored).toContain("'Bearer ' || x");
	expect(stored.match(/k{20}|q{20}|0{20}/g)).toBeNull();
});
