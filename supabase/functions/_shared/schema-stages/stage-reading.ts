// What a stage reads of both endpoints: first in short, in full only where they differ.
import type { StageContext } from '../contract/context.ts';
import type { ComponentKey } from '../domain/component.ts';
import { both } from '../platform/both.ts';
import type { Turn } from '../schema/apply.ts';
import type { SchemaStage } from '../schema/fact.ts';
import type { FactPair } from '../schema/planning.ts';
import {
	indexFacts,
	readDigest,
	readDigestAndNames,
	type Digest,
	type NamedObject,
} from '../schema/read.ts';
import {
	differingCells,
	type Digests,
	kindsOf,
	readDifference,
	readDigests,
} from './difference.ts';

/** What a stage is concerned with. */
export interface StageScope {
	readonly stage: SchemaStage;
	readonly components: readonly ComponentKey[];
	/** Kinds that the component's progress counts; all that are objects of their own when left out. */
	readonly counted?: readonly string[];
}

export const NOTHING: FactPair = { source: indexFacts([]), target: indexFacts([]) };

/** What is known of the source since the slice began, and of both endpoints for the next look at them. */
export interface Known {
	short?: Awaited<ReturnType<typeof readDigestAndNames>>;
	full?: Digest;
	/** The target's, of the stage's own kinds: read just now. */
	target?: Digest | undefined;
}

export interface ReadStage {
	/** The source's, of the stage's own kinds. */
	readonly digest: Digest;
	readonly names: readonly NamedObject[];
	readonly pair: FactPair;
	/** The last table that was read, where more differ. */
	readonly upTo?: string;
}

/** Both endpoints in short, as far as the stage is concerned; and kept for the next reading. */
async function readShort(
	context: StageContext,
	options: StageScope,
	known: Known,
): Promise<{ readonly digests: Digests; readonly names: readonly NamedObject[] }> {
	const kinds = kindsOf(options, options.counted);
	const [short, target] = await both(
		known.short
			? Promise.resolve(known.short)
			: context.source.database().then((session) => readDigestAndNames(session, kinds)),
		known.target
			? Promise.resolve(known.target)
			: context.target.database().then((session) => readDigest(session, kinds)),
	);
	known.short = short;
	known.target = target;
	return { digests: { source: short.digest, target }, names: short.names };
}

/**
 * Whether names may have to be followed. Before the tables, those of everything are; what other stages would still have to
 * follow shows in a difference.
 */
export async function mayHaveNewNames(
	context: StageContext,
	options: StageScope,
	known: Known,
): Promise<boolean> {
	if (options.stage === 'structure' || !context.options.components.tables) return true;
	const { digests } = await readShort(context, options, known);
	return differingCells(digests, options).cells.size > 0;
}

/**
 * Reads both endpoints as far as they differ; nothing in full when the stage's own kinds are equal. In full only when it
 * is the stage's turn to change the target, so that no other stage acts in between; undefined when it is not.
 */
export async function readStage(
	context: StageContext,
	options: StageScope,
	known: Known,
	maxFacts: number,
	turn: Turn,
): Promise<ReadStage | undefined> {
	const { digests: short, names } = await readShort(context, options, known);
	known.target = undefined;
	if (differingCells(short, options).cells.size === 0) {
		return { digest: short.source, names, pair: NOTHING };
	}
	const full = await readDigests(context, undefined, known.full);
	known.full = full.source;
	if (!(await turn.take())) return undefined;
	return {
		digest: short.source,
		names,
		...(await readDifference(context, full, options, { maxFacts, waits: true })),
	};
}
