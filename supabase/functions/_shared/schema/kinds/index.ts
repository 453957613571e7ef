// The registry of kinds: every family's array, nothing else. Their order is the order in which facts
// are made where nothing else decides; kinds that are attributes of others come after them.
import type { Kind } from '../fact.ts';
import { eventTriggerKind } from './event-trigger.ts';
import { policyKinds } from './policy.ts';
import { routineKinds } from './routine.ts';
import { columnKinds } from './column.ts';
import { collationKind } from './collation.ts';
import { commentKind } from './comment.ts';
import { constraintKinds } from './constraint.ts';
import { foreignKinds } from './foreign.ts';
import { ownerKind } from './owner.ts';
import { privilegeKinds } from './privileges.ts';
import { roleKinds } from './role.ts';
import { publicationMemberKind } from './publication-member.ts';
import { ruleKind } from './rule.ts';
import { sequenceKinds } from './sequence.ts';
import { tableKinds } from './table.ts';
import { indexKinds } from './table-index.ts';
import { typeKinds } from './type.ts';
import { schemaKinds } from './schema.ts';
import { triggerKinds } from './trigger.ts';
import { viewKinds } from './view.ts';

export const KINDS: readonly Kind[] = [
	...roleKinds,
	...schemaKinds,
	collationKind,
	...typeKinds,
	...sequenceKinds,
	...tableKinds,
	...foreignKinds,
	...columnKinds,
	...constraintKinds,
	...indexKinds,
	...routineKinds,
	...viewKinds,
	ruleKind,
	...triggerKinds,
	eventTriggerKind,
	...policyKinds,
	publicationMemberKind,
	ownerKind,
	...privilegeKinds,
	commentKind,
];

export const KIND_BY_NAME: ReadonlyMap<string, Kind> = new Map(
	KINDS.map((kind) => [kind.name, kind]),
);
