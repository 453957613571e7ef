// Both ends of a slice, made ready, and the plan that follows from what they have.
import type { ReadContext } from '../component.ts';
import type { Ends } from './compare.ts';
import { agreeOnHash, type HashMethod, prepare, readTables } from './inspect.ts';
import { type Plan, planRows } from './plan.ts';

export async function openEnds(context: Pick<ReadContext, 'source' | 'target'>): Promise<Ends> {
	const [source, target] = await Promise.all([
		context.source.database(),
		context.target.database(),
	]);
	await Promise.all([prepare(source, 'source'), prepare(target, 'target')]);
	return { source, target };
}

export async function readPlan(
	context: Pick<ReadContext, 'options' | 'ignoreRules'>,
	ends: Ends,
): Promise<Plan & { readonly hashMethod: HashMethod }> {
	const hashMethod = await agreeOnHash(ends.source, ends.target);
	const [source, target] = await Promise.all([readTables(ends.source), readTables(ends.target)]);
	const major = (version: number): number => Math.floor(version / 10000);
	const plan = planRows({
		source,
		target,
		options: context.options,
		ignoreRules: context.ignoreRules,
		hashMethod,
		sameMajor: major(ends.source.serverVersion) === major(ends.target.serverVersion),
	});
	return { ...plan, hashMethod };
}
