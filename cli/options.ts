// Options of a run from flags and a file, checked by the schema that the web app and the worker use.
import * as fs from 'node:fs';
import * as z from 'zod/mini';
import {
	cloneOptionsSchema,
	type CloneOptions,
} from '../supabase/functions/_shared/domain/clone.ts';
import { COMPONENT_KEYS } from '../supabase/functions/_shared/domain/component.ts';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';

export interface Flags {
	readonly options?: string;
	readonly only?: readonly string[];
	readonly except?: readonly string[];
	readonly rowLimit?: string;
	readonly removeExtra?: boolean;
	readonly activate?: boolean;
	readonly copyMfa?: boolean;
	readonly holdSnapshot?: boolean;
	readonly confirmTarget?: string;
	readonly strategy?: readonly string[];
}

// Without a language the small build of zod says "Invalid input" of everything.
z.config(z.locales.en());

/** Flags stand above the file. Throws `bad_request` with the name of what is wrong. */
export function readOptions(flags: Flags): CloneOptions {
	const given = flags.options === undefined ? {} : readFile(flags.options);
	const chosen = {
		...given,
		...(flags.only || flags.except ? { components: switches(flags) } : {}),
		...(flags.rowLimit === undefined ? {} : { row_limit: wholeNumber(flags.rowLimit) }),
		...(flags.removeExtra === undefined ? {} : { remove_extra: flags.removeExtra }),
		...(flags.activate === undefined ? {} : { activate: flags.activate }),
		...(flags.copyMfa === undefined ? {} : { copy_mfa: flags.copyMfa }),
		// Without the flag it is true, and what the file says counts.
		...(flags.holdSnapshot === false ? { hold_snapshot: false } : {}),
		...(flags.confirmTarget === undefined ? {} : { confirm_target: flags.confirmTarget }),
		...(flags.strategy === undefined ? {} : { strategies: strategies(flags.strategy) }),
	};
	const parsed = cloneOptionsSchema.safeParse(chosen);
	if (parsed.success) return parsed.data;
	throw wrong(
		parsed.error.issues
			.map(({ path, message }) => [...path.map(String), message].join(': '))
			.join('; '),
	);
}

const wrong = (message: string): TwinsError =>
	new TwinsError('bad_request', message, 'See twins clone --help.');

function readFile(file: string): object {
	try {
		const given: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
		// Null stands for no options, as in the database.
		if (typeof given !== 'object' || Array.isArray(given)) throw new Error('not a JSON object');
		return { ...given };
	} catch (error) {
		throw wrong(`${file}: ${error instanceof Error ? error.message : String(error)}`);
	}
}

/** Number() alone would take an empty text for 0, which means all rows. */
const wholeNumber = (flag: string): number => (/^\d+$/.test(flag) ? Number(flag) : Number.NaN);

function switches({ only, except = [] }: Flags): Record<string, boolean> {
	const unknown = [...(only ?? []), ...except].filter(
		(name) => !COMPONENT_KEYS.some((key) => key === name),
	);
	if (unknown.length > 0) {
		throw new TwinsError(
			'bad_request',
			`There is no component ${unknown.join(', ')}`,
			`Components are: ${COMPONENT_KEYS.join(', ')}.`,
		);
	}
	return Object.fromEntries(
		COMPONENT_KEYS.map((key) => [
			key,
			(only ?? COMPONENT_KEYS).includes(key) && !except.includes(key),
		]),
	);
}

function strategies(list: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		list.map((entry) => {
			const at = entry.lastIndexOf('=');
			if (at < 0) throw wrong(`--strategy takes schema.table=mirror|upsert|skip, not "${entry}"`);
			return [entry.slice(0, at), entry.slice(at + 1)];
		}),
	);
}
