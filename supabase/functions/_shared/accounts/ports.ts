// What the actions of users are given.
import type { Session } from '../platform/postgres/index.ts';
import type { Environment } from '../platform/environment.ts';

export interface AccountPorts {
	readonly environment: Environment;
	readonly control: Session;
	readonly userId: string;
}
