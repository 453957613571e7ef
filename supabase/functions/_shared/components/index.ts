// The registry: every component, nothing else.
import type { Component } from '../contract/component.ts';
import { authUsers } from './auth-users/index.ts';
import { cronJobs } from './cron-jobs/index.ts';
import { data } from './data/index.ts';
import { edgeFunctions } from './edge-functions/index.ts';
import { functions } from './functions/index.ts';
import { policies } from './policies/index.ts';
import { projectConfig } from './project-config/index.ts';
import { realtime } from './realtime/index.ts';
import { storage } from './storage/index.ts';
import { tables } from './tables/index.ts';
import { triggers } from './triggers/index.ts';
import { views } from './views/index.ts';
import { webhooks } from './webhooks/index.ts';

export const components: readonly Component[] = [
	tables,
	data,
	views,
	functions,
	triggers,
	policies,
	edgeFunctions,
	storage,
	authUsers,
	cronJobs,
	webhooks,
	realtime,
	projectConfig,
];
