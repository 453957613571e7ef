// The kinds of the functions component, in the order in which they are made where nothing else decides.
import type { Kind } from '../fact.ts';
import { aggregateKind } from './aggregate.ts';
import { castKinds } from './cast.ts';
import { functionKinds } from './function.ts';
import { languageKind } from './language.ts';
import { operatorKinds } from './operator.ts';
import { textSearchKinds } from './text-search.ts';

export const routineKinds: readonly Kind[] = [
	languageKind,
	...functionKinds,
	aggregateKind,
	...operatorKinds,
	...castKinds,
	...textSearchKinds,
];
