// The component Auth users: users with their password hashes, identities and, when asked, second factors.
// Never sessions, refresh tokens or links that were sent out.
import type { Component } from '../../contract/component.ts';
import { usersStage } from './copy.ts';

import { lateStage } from './late.ts';
import { preview } from './preview.ts';
import { verify } from './verify.ts';

export const authUsers: Component = {
	key: 'auth_users',
	stages: [usersStage, lateStage],
	preview,
	verify,
};
