// Views, materialized views and rules. Definitions are the schema engine's; the contents of materialized
// views are refreshed in a stage of their own, once rows and indexes are there.
import type { Component } from '../component.ts';
import { schemaStage } from '../../schema/stage.ts';
import { schemaPreview } from '../../schema/verify.ts';
import { refreshStage } from './refresh.ts';
import { verifyViews } from './verify.ts';

export const views: Component = {
	key: 'views',
	stages: [
		schemaStage({
			name: 'views',
			stage: 'views',
			components: ['views'],
			// Rules and views wait for the rows: a rule would change what is written.
			needs: ['structure', 'rows', 'users', 'routines'],
			provides: ['views'],
		}),
		refreshStage,
	],
	preview: (context) => schemaPreview(context, ['views']),
	verify: verifyViews,
};
