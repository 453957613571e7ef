// How a backup stands, in words. Pure.
import * as z from 'zod/mini';
import { formatCount, formatQuantity } from '#shared/domain/amount.ts';
import type { BackupRow } from '../data/rows.ts';
import type { StatusLook } from '../run/status.ts';

export function backupLook(backup: BackupRow): StatusLook {
	if (backup.is_unwanted) return { label: 'Being deleted', shape: 'arc', tone: 'running' };
	switch (backup.status) {
		case 'in_progress':
			return { label: 'In progress', shape: 'arc', tone: 'running' };
		case 'complete':
			return backup.problems > 0
				? {
						label: `Complete, without ${formatQuantity(backup.problems, 'object')}`,
						shape: 'triangle',
						tone: 'warning',
					}
				: { label: 'Complete', shape: 'check', tone: 'success' };
		case 'failed':
			return { label: 'Failed', shape: 'octagon', tone: 'danger' };
		case 'deleted':
			return { label: 'Deleted', shape: 'slash', tone: 'neutral' };
	}
}

/** Whether the page should look again by itself. */
export const isMoving = (backup: BackupRow): boolean =>
	backup.status === 'in_progress' || backup.is_being_proven || backup.is_unwanted;

/** "12 tables · 3,000 rows": so far, while it is taken. */
export function describeContents({ tables, tables_total, row_count }: BackupRow): string {
	const of =
		tables_total === null || tables_total === tables
			? formatQuantity(tables, 'table')
			: `${formatCount(tables)} of ${formatQuantity(tables_total, 'table')}`;
	return `${of} · ${formatQuantity(row_count, 'row')}`;
}

const proofSchema = z.object({
	mode: z.enum(['sampled', 'whole']),
	objects: z._default(z.number(), 0),
	damaged: z._default(z.array(z.object({ name: z.string(), problem: z.string() })), []),
	error: z.optional(z.object({ message: z.string() })),
});

export interface ProofWords {
	readonly isGood: boolean;
	readonly text: string;
}

/** What came of reading it back last; null when nobody did. */
export function describeProof({ proof }: BackupRow): ProofWords | null {
	const parsed = z.safeParse(proofSchema, proof);
	if (!parsed.success) return null;
	const { mode, objects, damaged, error } = parsed.data;
	if (error !== undefined) return { isGood: false, text: error.message };
	const [first] = damaged;
	if (first !== undefined) {
		const others = damaged.length - 1;
		return {
			isGood: false,
			text: `Damaged: ${first.name} is ${first.problem}${others > 0 ? `, and ${formatQuantity(others, 'object')} more` : ''}`,
		};
	}
	const compared = formatQuantity(objects, 'object');
	return {
		isGood: true,
		text:
			mode === 'whole'
				? `All ${compared} are as they were written`
				: `All sizes, and the contents of ${compared}, are as they were written`,
	};
}
