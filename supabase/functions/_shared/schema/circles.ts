// Things that need each other in a circle: a view that reads a function which returns rows of the view. Postgres lets
// them come about only one after the other, so something stands in for one of them until the others are made, as in
// a dump of pg_dump.
import type { Fact } from './fact.ts';
import { closure, sortByNeeds } from './order.ts';
import { kindOf, type Scope } from './planning.ts';

/** Sets of ids each of which needs, over others, itself. `needsOf` may name ids that are not among `ids`. */
export function circles(
	ids: readonly string[],
	needsOf: (id: string) => Iterable<string>,
): readonly ReadonlySet<string>[] {
	const wanted = new Set(ids);
	const needs = new Map(ids.map((id) => [id, [...needsOf(id)].filter((need) => wanted.has(need))]));
	const onCircle = idsLeft(needs);
	const users = new Map<string, string[]>();
	for (const id of onCircle)
		for (const need of needs.get(id) ?? [])
			if (onCircle.has(need)) users.set(need, [...(users.get(need) ?? []), id]);
	const found: ReadonlySet<string>[] = [];
	const seen = new Set<string>();
	for (const id of onCircle) {
		if (seen.has(id)) continue;
		const above = closure([id], users);
		const circle = new Set([...closure([id], needs)].filter((other) => above.has(other)));
		for (const member of circle) seen.add(member);
		if (circle.size > 1) found.push(circle);
	}
	return found;
}

/** What is left when everything without needs is taken away, again and again: circles, and what rests on them. */
function idsLeft(needs: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
	const left = new Set(needs.keys());
	const users = new Map<string, string[]>();
	const open = new Map<string, number>();
	for (const [id, list] of needs) {
		const others = new Set(list.filter((need) => need !== id));
		open.set(id, others.size);
		for (const need of others) users.set(need, [...(users.get(need) ?? []), id]);
	}
	const free = [...left].filter((id) => open.get(id) === 0);
	for (let id = free.pop(); id !== undefined; id = free.pop()) {
		left.delete(id);
		for (const user of users.get(id) ?? []) {
			const count = (open.get(user) ?? 0) - 1;
			open.set(user, count);
			if (count === 0) free.push(user);
		}
	}
	return left;
}

interface StandIn {
	readonly statement: string;
	readonly circle: ReadonlySet<string>;
}

/** What can stand in for facts on circles, by their ids. */
export function standInsFor(
	facts: ReadonlyMap<string, Fact>,
	{ kinds }: Pick<Scope, 'kinds'>,
): ReadonlyMap<string, StandIn> {
	return new Map(
		circles([...facts.keys()], (id) => facts.get(id)?.needs ?? []).flatMap((circle) =>
			[...circle].flatMap((id) => {
				const fact = facts.get(id);
				const statement = fact && kindOf(fact, kinds).making?.standIn?.(fact);
				return statement === undefined ? [] : [[id, { statement, circle }] as const];
			}),
		),
	);
}

/** The facts such that each comes after what it needs, and among them the statements that make stand-ins. */
export function inOrderOfMaking(
	facts: readonly Fact[],
	scope: Pick<Scope, 'kinds'>,
): readonly (Fact | string)[] {
	const byId = new Map(facts.map((fact) => [fact.id, fact]));
	const standIns = standInsFor(byId, scope);
	const nameOf = (id: string): string => `stand-in for ${id}`;
	const needs = new Map<string, readonly string[]>();
	for (const { id, needs: all } of facts) {
		const own = standIns.get(id);
		needs.set(id, [
			...(own ? [nameOf(id)] : []),
			...all.map((need) => (standIns.get(need)?.circle.has(id) ? nameOf(need) : need)),
		]);
		if (own)
			needs.set(
				nameOf(id),
				all.filter((need) => !own.circle.has(need)),
			);
	}
	const statements = new Map([...standIns].map(([id, { statement }]) => [nameOf(id), statement]));
	return sortByNeeds(needs.keys(), (id) => needs.get(id) ?? []).flatMap(
		(id) => byId.get(id) ?? statements.get(id) ?? [],
	);
}
