// What came of a suite or of the checks, in numbers, and by name what failed.

export interface Outcome {
	readonly passed: number;
	readonly failed: number;
	/** What failed, each with the first line of why: whoever reads only the end of a log still learns which. */
	readonly failures: readonly string[];
}
