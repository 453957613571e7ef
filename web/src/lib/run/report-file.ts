// The report of a run as a file. Pure.
import { componentLabel } from '#shared/domain/component.ts';
import { ITEM_OUTCOMES } from '#shared/domain/status.ts';
import type { RunState } from '../data/clones.ts';
import type { JobItemRow, TwinOverviewRow } from '../data/rows.ts';
import { describeOptions } from './options.ts';
import { runComponents } from './progress.ts';
import { changesOf, parseReport, total } from './report.ts';
import { COMPONENT_LOOKS, jobLook, OUTCOME_LOOKS, VERIFICATION_LOOKS } from './status.ts';

type Twin = Pick<TwinOverviewRow, 'source_name' | 'source_ref' | 'target_name' | 'target_ref'>;

/** For machines: what the tables say, under the names of the database. */
export function reportJson(
	{ job, components, verification }: RunState,
	twin: Twin,
	items: readonly JobItemRow[],
): string {
	const { report, options, ...rest } = job;
	return JSON.stringify(
		{
			job: rest,
			options,
			source: { ref: twin.source_ref, name: twin.source_name },
			target: { ref: twin.target_ref, name: twin.target_name },
			components: components.map(({ job_id: _, at_work: __, ...component }) => component),
			report,
			verification,
			items: items.map(({ job_id: _, rank: __, ...item }) => item),
		},
		null,
		2,
	);
}

/** For people. */
export function reportMarkdown(
	{ job, components, verification }: RunState,
	twin: Twin,
	items: readonly JobItemRow[],
): string {
	const report = parseReport(job.report);
	const list = (heading: string, some: readonly JobItemRow[]): string[] =>
		some.length === 0
			? []
			: [
					`## ${heading} (${some.length})`,
					some
						.map(
							({ component, object, detail, fix, sqlstate }) =>
								`- **${plain(object)}** (${componentLabel(component)})` +
								[detail, fix, sqlstate === null ? null : `SQLSTATE ${sqlstate}`]
									.filter((part) => part !== null)
									.map((part) => `\n  ${plain(part)}`)
									.join(''),
						)
						.join('\n'),
				];
	const look = jobLook(job.status, report.failures, false, changesOf(report));
	return `${[
		`# Clone of ${plain(twin.source_name)} into ${plain(twin.target_name)}`,
		[
			`- Result: ${look.label}`,
			`- Source: ${plain(twin.source_name)} (\`${twin.source_ref}\`), only read`,
			`- Target: ${plain(twin.target_name)} (\`${twin.target_ref}\`)`,
			`- Options: ${describeOptions(job.options)}`,
			`- Started: ${job.started_at ?? 'never'}`,
			`- Finished: ${job.finished_at ?? 'still running'}`,
			`- Verification: ${verification === null ? 'Not run' : VERIFICATION_LOOKS[verification.status].label}`,
			`- Objects: ${ITEM_OUTCOMES.map((outcome) => `${total(report, outcome)} ${OUTCOME_LOOKS[outcome].label.toLowerCase()}`).join(', ')}`,
		].join('\n'),
		...(job.error === null ? [] : [`> ${plain(job.error.message)}`]),
		'## Components',
		[
			'| Component | Status | Message |',
			'| --- | --- | --- |',
			...runComponents(components).map(
				({ catalogue, status, row }) =>
					`| ${catalogue.label} | ${COMPONENT_LOOKS[status].label} | ${plain(row?.error?.message ?? '')} |`,
			),
		].join('\n'),
		...list(
			'Failed',
			items.filter(({ outcome }) => outcome === 'failed'),
		),
		...list(
			'To do by hand',
			items.filter(({ outcome, fix }) => outcome !== 'failed' && fix !== null),
		),
		...list(
			'Skipped',
			items.filter(({ outcome, fix }) => outcome === 'skipped' && fix === null),
		),
	].join('\n\n')}\n`;
}

/** Names and messages are text, whatever they are made of: on one line, and no markup. */
function plain(text: string): string {
	return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>|#]/g, '\\$&');
}
