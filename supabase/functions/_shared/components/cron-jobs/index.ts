// Jobs of pg_cron. They arrive inactive and point at the target.
import type { Component } from '../../contract/component.ts';
import { copyStage } from './copy.ts';
import { cronPlanner } from './planner.ts';
import { previewJobs } from './preview.ts';
import { verifyJobs } from './verify.ts';

export const cronJobs: Component = {
	key: 'cron_jobs',
	stages: [copyStage],
	preview: previewJobs,
	planners: [cronPlanner],
	verify: verifyJobs,
};
