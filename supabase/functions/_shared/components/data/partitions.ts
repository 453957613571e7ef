// What a verification says of partitions whose tree is divided otherwise on the target: its rows may be equal as a
// whole and still lie in other partitions.
import type { Finding } from '../../contract/report.ts';
import type { SlicedContext } from '../../contract/context.ts';
import { countOf, sumsOf } from './compare.ts';
import type { Sessions } from './sessions.ts';
import type { TableJob } from './plan.ts';
import { byHalves, inPieces } from './trouble.ts';

/** Where the tables are not cloned, the target may divide them as it likes. */
export const severityOfPartitions = ({ options }: SlicedContext): Finding['severity'] =>
	options.components.tables ? 'failed' : 'warning';

/** Findings for partitions with rows that the target has not. */
export async function missingPartitions(
	context: SlicedContext,
	{ source }: Sessions,
	leaves: readonly TableJob[],
): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	const add = (object: string, expected: string, found: string, fix: string): void => {
		findings.push({ severity: severityOfPartitions(context), object, expected, found, fix });
	};
	const ask = async (some: readonly TableJob[]): Promise<void> => {
		const sums = await sumsOf(source, some, 'source', 'nothing');
		for (const [index, { object }] of some.entries()) {
			const rows = sums.get(index)?.rows ?? 0;
			if (rows === 0) continue;
			const fix = 'Clone the tables again: the report of that run says why the partitions differ.';
			add(object, countOf(rows), 'no such partition', fix);
		}
	};
	for (const some of inPieces(leaves, 200)) {
		await byHalves(some, ask, ({ object }, { message, fix }) =>
			add(object, 'rows that can be read', message, fix),
		);
	}
	return findings;
}
