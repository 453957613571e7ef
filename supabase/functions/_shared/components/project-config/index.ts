// The component Project config: settings of Auth, the data API, Realtime and Storage that the Management API
// can read and write. Secrets never: they are listed for the user to enter.
import type { Component } from '../component.ts';
import { settingsStage } from './copy.ts';
import { preview } from './inspect.ts';
import { limitsStage } from './limits.ts';
import { verify } from './verify.ts';

export const projectConfig: Component = {
	key: 'project_config',
	stages: [limitsStage, settingsStage],
	preview,
	verify,
};
