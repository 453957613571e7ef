// What of a planned change makes the target less safe than it is, or takes something from it, by name. What the target
// does not have yet cannot be weakened: a new table is as open as the source's.
import type { Risk } from '../domain/risk.ts';
import type { Fact } from '../schema/fact.ts';
import { grantsOf, whoGains } from '../schema/kinds/grants.ts';
import type { FactPair, PlannedChange } from '../schema/planning.ts';
import { lostParts } from './items.ts';

/** `pair`: both endpoints before the clone. */
export function risksOf(change: PlannedChange, pair: FactPair): Risk[] {
	const weakened = change.facts.flatMap((fact): Risk[] => {
		const wanted = pair.source.byId.get(fact.id);
		const found = pair.target.byId.get(fact.id);
		return wanted && isThere(wanted, pair) ? weakenings(wanted, found) : [];
	});
	const gone = new Set(change.removed.map(({ id }) => id));
	const removed = change.removed
		.filter(({ parent, id }) => !gone.has(parent ?? '') && !pair.source.byId.has(id))
		.map((fact): Risk => ({ risk: isDropped(fact) ? 'dropped' : 'removed', object: fact.object }));
	const takenAway = change.facts
		.filter(({ id }) => change.action === 'alter' && !pair.source.byId.has(id))
		.flatMap((fact) => takingAway(fact));
	const lost = change.facts.flatMap((fact) =>
		lostParts(fact, change, pair).map((part): Risk => ({
			risk: 'dropped',
			object: `${fact.object}.${part}`,
		})),
	);
	const replacedPolicies = change.removed.flatMap((fact) => takingAway(fact));
	return distinct([...weakened, ...removed, ...takenAway, ...lost, ...replacedPolicies]);
}

const distinct = (risks: readonly Risk[]): Risk[] => [
	...new Map(risks.map((one) => [`${one.risk} ${one.object}`, one])).values(),
];

/** True where the target has it, or what holds it: what is equal on both was not read. */
function isThere({ id, parent }: Fact, { source, target }: FactPair): boolean {
	if (target.byId.has(id)) return true;
	return parent !== null && (target.byId.has(parent) || !source.byId.has(parent));
}

const isDropped = ({ kind }: Fact): boolean => kind === 'table' || kind === 'column';

function weakenings(wanted: Fact, found: Fact | undefined): Risk[] {
	const is = (fact: Fact | undefined, attribute: string): boolean =>
		fact?.definition[attribute] === true;
	const loses = (attribute: string): boolean => is(found, attribute) && !is(wanted, attribute);
	const { object, kind } = wanted;
	switch (kind) {
		case 'row_security':
			return loses('enabled') || loses('forced') ? [{ risk: 'rls_off', object }] : [];
		case 'policy':
			return isNarrower(wanted, found) ? [] : [{ risk: 'policies', object }];
		case 'privileges':
		case 'column_privileges':
		case 'default_privileges':
			return whoGains(
				grantsOf(wanted.definition['grants']),
				grantsOf(found?.definition['grants']),
			).map((grantee) => ({
				risk: 'grants',
				object: `${grantee} on ${object}`,
			}));
		case 'view':
			return found && isInvoker(found) && !isInvoker(wanted) ? [{ risk: 'invoker', object }] : [];
		case 'function':
			return found && !is(found, 'security_definer') && is(wanted, 'security_definer')
				? [{ risk: 'definer', object }]
				: [];
		default:
			return [];
	}
}

/** A new restrictive policy only takes away. Whether an expression lets more through, nobody can tell. */
const isNarrower = (wanted: Fact, found: Fact | undefined): boolean =>
	found === undefined && wanted.definition['mode'] === 'restrictive';

/** What goes and was a protection. */
const takingAway = (fact: Fact): Risk[] =>
	fact.kind === 'policy' && fact.definition['mode'] === 'restrictive'
		? [{ risk: 'policies', object: fact.object }]
		: [];

function isInvoker({ definition }: Fact): boolean {
	const options = grantsOf(definition['options']);
	return ['true', 'on', 'yes', '1'].includes((options['security_invoker'] ?? '').toLowerCase());
}
