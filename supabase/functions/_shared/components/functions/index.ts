// Functions, procedures, aggregates, operators, casts, text search. How they are read and changed is the
// business of the schema engine's kinds; here are only the moment and the warnings.
import type { Component } from '../../contract/component.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { schemaStage } from '../../schema-stages/stage.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';
import { callsStage } from './calls-out.ts';
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
		callsStage,
	],
	preview: previewFunctions,
	planners: [schemaPlanner],
	verify: (context) => schemaVerify(context, ['functions']),
};
