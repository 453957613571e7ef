import { expect, test } from 'vitest';
import type { Fact } from '../schema/fact.ts';
import { withoutWaiting } from './difference.ts';

const fact = (id: string, parent: string | null, needs: readonly string[]): Fact => ({
	id,
	kind: 'table',
	identity: id,
	object: id,
	parent,
	definition: {},
	create: [`create ${id}`],
	drop: `drop ${id}`,
	needs,
	component: 'tables',
	stage: 'structure',
	folded: false,
});

test('what needs a table that is made later waits for it, unless the target has it', () => {
	const facts = [
		fact('table:a', null, ['table:later']),
		fact('note:a', 'table:a', ['table:a']),
		fact('table:b', null, ['table:later']),
		fact('table:c', null, ['table:b']),
	];
	const ready = withoutWaiting(facts, ['table:later'], new Set(['table:b']));
	expect(ready.map(({ id }) => id)).toEqual(['table:b']);
	expect(withoutWaiting(facts, [], new Set())).toEqual(facts);
});
