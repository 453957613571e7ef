// The component Data: the rows of the user's tables, and the positions of sequences. Tables themselves are
// made by `tables`, users by `auth_users`.
import type { Component } from '../component.ts';
import { rowsStage } from './copy.ts';
import { preview } from './preview.ts';
import { SIZES, type Sizes } from './sizes.ts';
import { verify } from './verify.ts';

/** The component, with pieces of work of the given sizes. */
export function createData(sizes: Sizes = SIZES): Component {
	return {
		key: 'data',
		stages: [rowsStage(sizes)],
		preview,
		verify: (context, mode) => verify(context, mode, sizes),
	};
}

export const data: Component = createData();
