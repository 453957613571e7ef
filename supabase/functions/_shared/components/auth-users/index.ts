// The component Auth users: users with their password hashes, identities and, when asked, second factors.
// Never sessions, refresh tokens or links that were sent out.
import type { Component } from '../component.ts';
import { usersStage } from './copy.ts';
import { extrasStage } from './extras.ts';
import { preview } from './inspect.ts';
import { verify } from './verify.ts';

export const authUsers: Component = {
	key: 'auth_users',
	stages: [usersStage, extrasStage],
	preview,
	verify,
};
