// Views, materialized views and rules. Definitions are the schema engine's, and there before the rows, whose values
// may name them; the contents of materialized views are refreshed in a stage of their own, after rows and indexes.
import type { Component } from '../../contract/component.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { schemaStage } from '../../schema-stages/stage.ts';
import { schemaPreview } from '../../schema-stages/preview.ts';
import { refreshStage } from './refresh.ts';
import { verifyViews } from './verify.ts';

export const views: Component = {
	key: 'views',
	stages: [
		schemaStage({
			name: 'views',
			stage: 'views',
			components: ['views'],
			needs: ['structure', 'users', 'routines'],
			provides: ['views'],
		}),
		refreshStage,
	],
	preview: (context) => schemaPreview(context, ['views']),
	planners: [schemaPlanner],
	verify: verifyViews,
};
