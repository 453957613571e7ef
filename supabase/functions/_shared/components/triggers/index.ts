// Triggers of the user and event triggers. They come after the rows and the files, so that a copy does not set them off.
import type { Component } from '../component.ts';
import { schemaStage } from '../../schema/stage.ts';
import { schemaPreview, schemaVerify } from '../../schema/verify.ts';

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
	verify: (context) => schemaVerify(context, ['triggers']),
};
