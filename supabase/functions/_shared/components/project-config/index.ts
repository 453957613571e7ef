// The component Project config: settings of Auth, the data API, Realtime and Storage that the Management API
// can read and write, and those of roles and of the database. Secrets never: they are listed for the user to enter.
import type { Component } from '../../contract/component.ts';
import { settingsStage } from './copy.ts';
import { schemaPlanner } from '../../schema-stages/plan.ts';
import { settingsPlanner } from './planner.ts';
import { preview } from './preview.ts';
import { limitsStage } from './limits.ts';
import { rolesStage } from './roles.ts';
import { verify } from './verify.ts';

export const projectConfig: Component = {
	key: 'project_config',
	requires: ['management_api'],
	stages: [limitsStage, settingsStage, rolesStage],
	preview,
	planners: [schemaPlanner, settingsPlanner],
	verify,
};
