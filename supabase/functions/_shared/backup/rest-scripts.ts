// SQL that makes cron jobs, webhooks and publications by hand: what a clone into a project without any would do.
import type { EndpointCronJobs } from '../components/cron-jobs/inspect.ts';
import { INSTALL_CRON, scheduleJob } from '../components/cron-jobs/queries.ts';
import { planPublications, type WantedPublication } from '../components/realtime/plan.ts';
import type { Webhook } from '../components/webhooks/inspect.ts';
import { createWebhook, setState } from '../components/webhooks/queries.ts';
import { literal } from '../platform/postgres/index.ts';

const lines = (statements: readonly string[]): string =>
	statements.map((statement) => `${statement};\n`).join('');

/** Inactive; commands are as on the source. */
export const cronScript = ({ own }: EndpointCronJobs): string =>
	own.length === 0
		? ''
		: lines([
				INSTALL_CRON,
				...own.map(({ name, schedule, command }) => scheduleJob(name, schedule, command, false)),
			]);

/** Disabled; addresses and headers are as on the source. */
export const webhookScript = (hooks: readonly Webhook[]): string =>
	hooks
		.map(
			(hook) =>
				`begin;\nset local search_path = pg_catalog, public, extensions;\n${lines([
					createWebhook(hook.head, hook.args),
					setState(hook, 'D'),
				])}commit;\n`,
		)
		.join('');

/** Every project has supabase_realtime already. */
export const publicationScript = (wanted: readonly WantedPublication[]): string =>
	`set search_path = pg_catalog, public, extensions;\n${wanted
		.flatMap((publication) => planPublications([publication], [], { removeExtra: false }))
		.map(({ kind, statements }) =>
			kind === 'publication' ? statements.map(whereMissing).join('') : lines(statements),
		)
		.join('')}`;

const whereMissing = (statement: string): string =>
	`do ${literal(`begin ${statement}; exception when duplicate_object then null; end`)};\n`;
