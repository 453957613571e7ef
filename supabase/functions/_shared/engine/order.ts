// The order of a clone, derived from what stages need and provide: the only place that says it. Names no component.
import type { Component, Stage } from '../contract/component.ts';
import type { ComponentKey } from '../domain/component.ts';

/** A stage of a component that is switched on, with the names of the stages that come before it. */
export interface PlannedStage {
	readonly component: ComponentKey;
	readonly stage: string;
	readonly waits_for: readonly string[];
}

/** The stages themselves, in the order of the clone. */
export function stagesInOrder(
	components: readonly Component[],
	enabled: Readonly<Record<ComponentKey, boolean>>,
): { readonly component: ComponentKey; readonly stage: Stage }[] {
	return plannedStages(components, enabled).flatMap(({ component, stage: name }) => {
		const stage = components
			.find(({ key }) => key === component)
			?.stages.find((one) => one.name === name);
		return stage ? [{ component, stage }] : [];
	});
}

/** Name of a step within its run: `component.stage`. */
export const stepName = (component: string, stage: string): string => `${component}.${stage}`;

/** True when `earlier` provides something that `later` needs. */
const mustPrecede = (earlier: Stage, later: Stage): boolean =>
	earlier !== later && earlier.provides.some((capability) => later.needs.includes(capability));

/**
 * The stages of the components that are switched on, each after all that provide what it needs. Throws on a cycle,
 * which is a mistake in the components' declarations.
 */
export function plannedStages(
	components: readonly Component[],
	enabled: Readonly<Record<ComponentKey, boolean>>,
): PlannedStage[] {
	const stages = components
		.filter(({ key }) => enabled[key])
		.flatMap(({ key, stages }) => stages.map((stage) => ({ key, stage })));
	const ordered: PlannedStage[] = [];
	let waiting = stages;
	while (waiting.length > 0) {
		const ready = waiting.filter(
			({ stage }) => !waiting.some((other) => mustPrecede(other.stage, stage)),
		);
		if (ready.length === 0) {
			const names = waiting.map(({ key, stage }) => stepName(key, stage.name));
			throw new Error(`stages wait for each other: ${names.join(', ')}`);
		}
		for (const { key, stage } of ready) {
			const waits_for = stages
				.filter((other) => mustPrecede(other.stage, stage))
				.map((other) => stepName(other.key, other.stage.name));
			ordered.push({ component: key, stage: stage.name, waits_for });
		}
		waiting = waiting.filter((stage) => !ready.includes(stage));
	}
	return ordered;
}
