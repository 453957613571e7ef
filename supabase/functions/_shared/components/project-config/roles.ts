// The stage of what belongs to no schema: roles that nothing in the database refers to, with their memberships, and
// then the settings of all roles and of the database.
import { schemaStage } from '../../schema-stages/stage.ts';
import type { Stage } from '../../contract/component.ts';
import { copyRoleSettings } from './copy-role-settings.ts';

const roles = schemaStage({
	name: 'roles',
	stage: 'structure',
	components: ['project_config'],
	// Late: what a clone makes may refer to a role, and settings name schemas and functions.
	needs: ['structure', 'rows', 'relations', 'routines', 'views', 'triggers', 'policies'],
	provides: [],
});

export const rolesStage: Stage = {
	...roles,
	async run(context) {
		const result = await roles.run(context);
		if (result.state === 'done') await copyRoleSettings(context);
		return result;
	},
};
