// Functions, procedures, aggregates, operators, casts, text search. How they are read and changed is the
// business of the schema engine's kinds; here are only the moment and the warnings.
import type { Component } from '../component.ts';
import { schemaStage } from '../../schema/stage.ts';
import { schemaVerify } from '../../schema/verify.ts';
import { managedStage } from './managed.ts';
import { previewFunctions } from './preview.ts';

export const functions: Component = {
	key: 'functions',
	stages: [
		schemaStage({
			name: 'routines',
			stage: 'functions',
			components: ['functions'],
			needs: ['structure'],
			provides: ['routines'],
		}),
		managedStage,
	],
	preview: previewFunctions,
	verify: (context) => schemaVerify(context, ['functions']),
};
