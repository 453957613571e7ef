// Tables with all that they are made of: schemas, types, sequences, keys, indexes, privileges. What the rows
// would only slow down (indexes, unique and foreign keys) is made after them, in a stage of its own.
import { schemaStage } from '../../schema/stage.ts';
import { schemaVerify } from '../../schema/verify.ts';
import type { Component } from '../component.ts';
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
			needs: ['structure', 'users', 'rows'],
			provides: ['relations'],
			counted: ['table'],
		}),
	],
	preview: previewTables,
	verify: (context) => schemaVerify(context, ['tables']),
};
