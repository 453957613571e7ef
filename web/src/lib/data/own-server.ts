// Calls of the browser to this app's own server, for what needs an edge function or starts work.
import * as z from 'zod/mini';
import type { ProjectChoice } from '../wizard/draft.ts';
import type { Problem } from './problem.ts';
import type { ProjectRow } from './rows.ts';
import type { Rhythm } from './schedules.ts';

const listed = z.object({ projects: z.custom<ProjectRow[]>((value) => Array.isArray(value)) });
const answered = z.object({
	id: z.optional(z.string()),
	problem: z.optional(z.object({ message: z.string(), fix: z.string() })),
});

const nextRuns = z.object({
	runs: z.optional(z.array(z.string())),
	words: z.optional(z.string()),
	problem: z.optional(z.object({ message: z.string(), fix: z.string() })),
});
export type NextRuns = z.infer<typeof nextRuns>;

/** Lists the projects of all accounts anew; null when that failed: the known list stands. */
export async function listProjectsAgain(): Promise<ProjectRow[] | null> {
	try {
		const answer = listed.safeParse(await post('/projects/refresh', null));
		return answer.success ? answer.data.projects : null;
	} catch {
		return null;
	}
}

/** Starts a preview of a draft (as JSON), with rows estimated or counted; answers its id, or why there is none. */
export async function startPreview(
	draft: string,
	rows: 'estimated' | 'counted',
): Promise<{ id: string; problem: null } | { id: null; problem: Problem }> {
	try {
		const answer = answered.parse(await post(`/clones/new/preview?rows=${rows}`, draft));
		if (answer.id !== undefined) return { id: answer.id, problem: null };
		if (answer.problem !== undefined) return { id: null, problem: answer.problem };
	} catch {
		// Told below, like an answer that is not understood.
	}
	return {
		id: null,
		problem: {
			message: 'The preview could not be started.',
			fix: 'Check your connection and try again.',
		},
	};
}

/** Adds an ignore rule to a pair of projects, or removes one; answers what is wrong, or null. */
export async function changeRule(rule: {
	readonly source: ProjectChoice | null;
	readonly target: ProjectChoice | null;
	readonly pattern: string;
	readonly remove: boolean;
}): Promise<Problem | null> {
	try {
		const answer = answered.parse(await post('/clones/new/rules', JSON.stringify(rule)));
		if (answer.id !== undefined) return null;
		if (answer.problem !== undefined) return answer.problem;
	} catch {
		// Told below, like an answer that is not understood.
	}
	return {
		message: 'The rule could not be kept.',
		fix: 'Check your connection and try again.',
	};
}

/** When a rhythm would run and what it is in words, or why it is none. */
export async function askNextRuns(rhythm: Rhythm, signal: AbortSignal): Promise<NextRuns> {
	try {
		return nextRuns.parse(await post('/schedules/next-runs', JSON.stringify(rhythm), signal));
	} catch {
		return {
			problem: {
				message: 'The next runs are not known',
				fix: 'Check your connection and try again.',
			},
		};
	}
}

async function post(
	address: string,
	body: string | null,
	signal: AbortSignal | null = null,
): Promise<unknown> {
	const response = await fetch(address, { method: 'POST', body, signal });
	// The session has ended: the page itself leads to signing in and back.
	if (response.redirected) location.reload();
	return response.json();
}
