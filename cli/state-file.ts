// What components remember about copies on a target between clones, in a file: which names tables had, which users came
// with a clone. Never secrets or contents. Without it a clone is as exact, but takes what was renamed for new.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import type { MemoryStore } from '../supabase/functions/_shared/engine/run.ts';

const stateSchema = z.object({
	version: z.literal(1),
	memory: z.record(z.string(), z.record(z.string(), z.unknown())),
});

export interface StateFile extends MemoryStore {
	/** True when an earlier clone of this pair was recorded here. */
	readonly isKnown: boolean;
	/** Stores what was remembered, and that this pair was cloned. */
	save(): void;
}

/** Where the state of a pair is kept when the user names no file. */
export function defaultStateFile(
	pair: readonly [from: string, to: string],
	variables: Readonly<Record<string, string | undefined>>,
): string {
	const home = variables['XDG_STATE_HOME'] ?? path.join(os.homedir(), '.local/state');
	const name = createHash('sha256').update(pair.join('\n')).digest('hex').slice(0, 24);
	return path.join(home, 'twins', `${name}.json`);
}

/** Throws `bad_request` when the file is there and is not one of ours. */
export function openStateFile(file: string): StateFile {
	const isKnown = fs.existsSync(file);
	const memory = isKnown ? readMemory(file) : {};
	return {
		isKnown,
		read: (component) => ({ ...memory[component] }),
		write(component, entries) {
			const known = (memory[component] ??= {});
			for (const [key, value] of Object.entries(entries)) {
				if (value === null) delete known[key];
				else known[key] = value;
			}
		},
		save() {
			fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
			const next = `${file}.${process.pid}`;
			fs.writeFileSync(next, JSON.stringify({ version: 1, memory }), { mode: 0o600 });
			fs.renameSync(next, file);
		},
	};
}

function readMemory(file: string): Record<string, Record<string, unknown>> {
	try {
		return stateSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8'))).memory;
	} catch {
		throw new TwinsError(
			'bad_request',
			`${file} is no state file of Twins`,
			'Name another file with --state, or remove it: what was renamed is taken for new then.',
		);
	}
}
