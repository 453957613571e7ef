// Whether two definitions are equal, and in what they differ.
import type { Fact } from './fact.ts';

function equal(a: unknown, b: unknown): boolean {
	if (a === b) return true;
	if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
	const ofA = Object.entries(a);
	if (ofA.length !== Object.keys(b).length) return false;
	const ofB = new Map(Object.entries(b));
	return ofA.every(([key, value]) => ofB.has(key) && equal(value, ofB.get(key)));
}

/** True when both facts describe the same thing. */
export function sameDefinition(a: Fact, b: Fact): boolean {
	return equal(a.definition, b.definition);
}

/** Names of the parts of the definition that differ: `type`, `default`. */
export function differences(a: Fact, b: Fact): string[] {
	const keys = new Set([...Object.keys(a.definition), ...Object.keys(b.definition)]);
	return [...keys].filter((key) => !equal(a.definition[key], b.definition[key]));
}
