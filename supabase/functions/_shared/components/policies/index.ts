// Row level security and its policies. A new table is closed when it is made (the kind says how); the
// policies that open it follow as soon as what they call exists.
import type { Component } from '../../contract/component.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { schemaStage } from '../../schema-stages/stage.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';
import { previewPolicies } from './preview.ts';

export const policies: Component = {
	key: 'policies',
	stages: [
		schemaStage({
			name: 'policies',
			stage: 'policies',
			components: ['policies'],
			needs: ['structure', 'routines'],
			provides: ['policies'],
		}),
	],
	preview: previewPolicies,
	planners: [schemaPlanner],
	verify: (context) => schemaVerify(context, ['policies']),
};
