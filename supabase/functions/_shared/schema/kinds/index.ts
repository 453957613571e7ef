// The registry of kinds: every family's array, nothing else. Their order is the order in which facts
// are made where nothing else decides; kinds that are attributes of others come after them.
import type { Kind } from '../fact.ts';
import { eventTriggerKind } from './event-trigger.ts';
import { policyKinds } from './policy.ts';
import { routineKinds } from './routine.ts';
import { ruleKind } from './rule.ts';
import { schemaKinds } from './schema.ts';
import { triggerKinds } from './trigger.ts';
import { viewKinds } from './view.ts';

export const KINDS: readonly Kind[] = [
	...schemaKinds,
	...routineKinds,
	...viewKinds,
	ruleKind,
	...triggerKinds,
	eventTriggerKind,
	...policyKinds,
];
