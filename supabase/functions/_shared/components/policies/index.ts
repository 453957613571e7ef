// Row level security and its policies. A new table is closed when it is made (the kind says how); the
// policies that open it follow as soon as what they call exists.
import type { Component } from '../component.ts';
import { schemaStage } from '../../schema/stage.ts';
import { schemaVerify } from '../../schema/verify.ts';
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
	verify: (context) => schemaVerify(context, ['policies']),
};
