// Makes a text that names the source project name the target instead. Other addresses stay. Pure.

export interface ProjectNames {
	readonly ref: string;
	/** Base URL of the project's APIs. */
	readonly url: string;
}

/** The text with the source's address, host and ref replaced by the target's; unchanged where it names neither. */
export function renameProject(text: string, source: ProjectNames, target: ProjectNames): string {
	const pairs: readonly (readonly [string, string])[] = [
		[source.url, target.url],
		[new URL(source.url).host, new URL(target.url).host],
		[source.ref, target.ref],
	];
	// Whole words only: port 5432 is not the start of 54321. One pass: what was written is not looked at again.
	const words = pairs.map(([from]) => escape(from)).join('|');
	const pattern = new RegExp(`(?<![a-z0-9-])(?:${words})(?![a-z0-9-])`, 'gi');
	const replacements = new Map(pairs);
	return text.replace(pattern, (found) => replacements.get(found.toLowerCase()) ?? found);
}

function escape(text: string): string {
	return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
