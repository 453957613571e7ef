// The component Data: the rows of the user's tables, and the positions of sequences. Tables themselves are
// made by `tables`, users by `auth_users`.
import type { Component } from '../../contract/component.ts';
import { dropLedgerSchema } from '../../contract/ledger.ts';
import { rowsStage } from './copy.ts';
import { generatedStage } from './generated-stage.ts';
import { measureLosses } from './losses.ts';
import { preview } from './preview.ts';
import { referencesStage } from './references.ts';
import { SIZES, type Sizes } from './sizes.ts';
import { verifyWithKeys } from './verify-references.ts';

/** The component, with pieces of work of the given sizes. */
export function createData(sizes: Sizes = SIZES): Component {
	return {
		key: 'data',
		stages: [rowsStage(sizes), generatedStage, referencesStage],
		cleanUp: dropLedgerSchema,
		preview,
		measureLosses: (context) => measureLosses(context, sizes),
		verify: (context, mode) => verifyWithKeys(context, mode, sizes),
	};
}

export const data: Component = createData();
