// The registry of kinds: every family's array, nothing else. Their order is the order in which facts
// are made where nothing else decides; kinds that are attributes of others come after them.
import type { Kind } from '../fact.ts';
import { schemaKinds } from './schema.ts';

export const KINDS: readonly Kind[] = [...schemaKinds];
