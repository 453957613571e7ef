// What the actions of users are given.
import type { Queries } from '../platform/control.ts';
import type { Environment } from '../platform/environment.ts';

export interface AccountPorts {
	readonly environment: Environment;
	readonly control: Queries;
	readonly userId: string;
}
