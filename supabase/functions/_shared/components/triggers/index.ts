// Triggers of the user and event triggers. They come after the rows and the files, so that a copy does not set them off.
import type { Component } from '../../contract/component.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { schemaStage } from '../../schema-stages/stage.ts';
import { schemaPreview } from '../../schema-stages/preview.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';

export const triggers: Component = {
	key: 'triggers',
	stages: [
		schemaStage({
			name: 'triggers',
			stage: 'triggers',
			components: ['triggers'],
			needs: ['structure', 'rows', 'users', 'files', 'routines', 'views'],
			provides: ['triggers'],
		}),
	],
	preview: (context) => schemaPreview(context, ['triggers']),
	planners: [schemaPlanner],
	verify: (context) => schemaVerify(context, ['triggers']),
};
