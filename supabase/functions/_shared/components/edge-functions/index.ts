// The component Edge functions: every deployed function with its files, entry point, import map, static files
// and rule for tokens. Values of secrets cannot be read: their names are compared.
import type { Component } from '../../contract/component.ts';
import { functionsStage } from './copy.ts';
import { functionsPlanner } from './planner.ts';
import { preview } from './preview.ts';
import { verify } from './verify.ts';

export const edgeFunctions: Component = {
	key: 'edge_functions',
	requires: ['management_api'],
	stages: [functionsStage],
	preview,
	planners: [functionsPlanner],
	verify,
};
