// Tables with all that they are made of: schemas, types, sequences, keys, indexes, privileges. What the rows
// would only slow down (indexes, unique and foreign keys) is made after them, in a stage of its own.
import { leftOutFindings, leftOutStage, readAllLeftOut } from '../../schema-stages/left-out.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { schemaStage } from '../../schema-stages/stage.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';
import type { Component } from '../../contract/component.ts';
import { previewTables } from './preview.ts';

export const tables: Component = {
	key: 'tables',
	stages: [
		schemaStage({
			name: 'structure',
			stage: 'structure',
			components: ['tables'],
			needs: [],
			provides: ['structure'],
			counted: ['table'],
		}),
		schemaStage({
			name: 'relations',
			stage: 'relations',
			components: ['tables'],
			// New foreign keys may point to users and files: what they check has to be there.
			needs: ['structure', 'users', 'rows', 'late_users', 'files'],
			provides: ['relations'],
			counted: ['table'],
		}),
		leftOutStage,
	],
	preview: previewTables,
	planners: [schemaPlanner],
	verify: (context) =>
		schemaVerify(context, ['tables'], async () => leftOutFindings(await readAllLeftOut(context))),
};
