// What came of a suite or of the checks, in numbers.

export interface Outcome {
	readonly passed: number;
	readonly failed: number;
}
