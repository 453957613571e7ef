// A plan as a file of SQL: statements as they run, calls of APIs as lines of comment with their JSON.
import { componentLabel } from '#shared/domain/component.ts';
import type { NamedPair } from '../project/named-pair.ts';
import type { PlannedWorkRow } from '../data/rows.ts';

/** Anything may be in a name: a comment stays one. */
const comment = (text: string): string =>
	text
		.split(/\r\n|[\r\n]/)
		.map((line) => `-- ${line}`)
		.join('\n');

/** A call as HTTP tells it: `PATCH /config/auth {"…": …}`. */
export const callText = ({ method, path, body }: PlannedWorkRow['calls'][number]): string =>
	`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;

/** The file. Components follow each other as in the clone, so that one may come twice. */
export function planFile(
	pair: Pick<NamedPair, 'source_name' | 'source_ref' | 'target_name' | 'target_ref'>,
	work: readonly PlannedWorkRow[],
): string {
	const lines = [
		comment(
			`What a clone of ${pair.source_name} (${pair.source_ref}) does to ${pair.target_name} (${pair.target_ref}), in order.`,
		),
		comment(
			'Rows, users and files are described; what opens and ends sessions and transactions is left out.',
		),
	];
	let place = '';
	for (const { component, stage, object, statements, calls, detail } of work) {
		const here = `${componentLabel(component)} · ${stage}`;
		if (here !== place) lines.push('', comment(`== ${here} ==`));
		place = here;
		lines.push('', comment(detail === null ? object : `${object}: ${detail}`));
		lines.push(...calls.map((call) => comment(callText(call))));
		lines.push(...statements.map((statement) => `${statement};`));
	}
	return `${lines.join('\n')}\n`;
}
