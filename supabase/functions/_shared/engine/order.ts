// The order of a clone, derived from what stages need and provide. Names no component.
import type { Component, Stage } from '../components/component.ts';
import type { ComponentKey } from '../domain/component.ts';

export interface PlannedStage {
	readonly component: Component;
	readonly stage: Stage;
}

/** All stages of the components that are switched on, in registry order. */
export function plannedStages(
	components: readonly Component[],
	enabled: Readonly<Record<ComponentKey, boolean>>,
): PlannedStage[] {
	return components
		.filter((component) => enabled[component.key])
		.flatMap((component) => component.stages.map((stage) => ({ component, stage })));
}

/** True when `earlier` provides something that `later` needs. */
function mustPrecede(earlier: PlannedStage, later: PlannedStage): boolean {
	return (
		earlier.stage !== later.stage &&
		earlier.stage.provides.some((capability) => later.stage.needs.includes(capability))
	);
}

/**
 * Stages in an order in which each comes after all that provide what it needs. Throws on a cycle, which
 * is a mistake in the components' declarations.
 */
export function inOrder(stages: readonly PlannedStage[]): PlannedStage[] {
	const ordered: PlannedStage[] = [];
	let waiting = [...stages];
	while (waiting.length > 0) {
		const ready = waiting.filter((stage) => !waiting.some((other) => mustPrecede(other, stage)));
		if (ready.length === 0) {
			const names = waiting.map(({ component, stage }) => `${component.key}.${stage.name}`);
			throw new Error(`stages wait for each other: ${names.join(', ')}`);
		}
		ordered.push(...ready);
		waiting = waiting.filter((stage) => !ready.includes(stage));
	}
	return ordered;
}
