// A call of a database function (`/rpc/name`): which overload fits, and the SQL that calls it.
import { ident, literal, qualified } from '../../quoting.ts';
import type { Routine } from './catalog.ts';
import { refuse } from './refusals.ts';

/**
 * The overload whose arguments take exactly the given names (others must have defaults). With several, the
 * one that leaves the fewest to defaults. Throws PGRST202 when none fits.
 */
export function chooseRoutine(
	overloads: readonly Routine[],
	schema: string,
	name: string,
	given: readonly string[],
): Routine {
	const fitting = overloads.filter(
		(routine) =>
			given.every((word) => routine.arguments.some((argument) => argument.name === word)) &&
			routine.arguments.every((argument) => argument.optional || given.includes(argument.name)),
	);
	fitting.sort((one, other) => one.arguments.length - other.arguments.length);
	const [chosen] = fitting;
	if (chosen !== undefined) return chosen;
	const words = [...given].sort();
	const list = words.length === 0 ? ' without parameters' : `(${words.join(', ')})`;
	const searched =
		words.length === 0
			? 'without parameters'
			: `with parameter${words.length === 1 ? '' : 's'} ${words.join(', ')}`;
	throw refuse(
		404,
		'PGRST202',
		`Could not find the function ${schema}.${name}${list} in the schema cache`,
		`Searched for the function ${schema}.${name} ${searched} or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.`,
	);
}

/**
 * The call as it stands in a `from` clause, and the `with` part that turns the JSON of its arguments into
 * values of the arguments' own types (empty without arguments, else it ends in a comma).
 */
export function callRoutine(
	routine: Routine,
	given: Readonly<Record<string, unknown>>,
): { readonly withArguments: string; readonly from: string } {
	const name = qualified(routine.schema, routine.name);
	const words = Object.keys(given);
	const alias = routine.returns === 'row' ? '_result' : '_result(value)';
	if (words.length === 0) return { withArguments: '', from: `${name}() as ${alias}` };
	const typed = words.map((word) => {
		const argument = routine.arguments.find((candidate) => candidate.name === word);
		return `${ident(word)} ${argument?.type ?? 'text'}`;
	});
	const named = words.map((word) => `${ident(word)} => (select ${ident(word)} from _arguments)`);
	const json = literal(JSON.stringify(given));
	return {
		withArguments: `_arguments as (select * from json_to_record(${json}::json) as _(${typed.join(', ')})), `,
		from: `${name}(${named.join(', ')}) as ${alias}`,
	};
}
