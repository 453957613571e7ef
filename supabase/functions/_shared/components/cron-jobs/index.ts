// Jobs of pg_cron. They arrive inactive and point at the target.
import type { Component } from '../../contract/component.ts';
import { copyStage } from './copy.ts';
import { previewJobs } from './preview.ts';
import { verifyJobs } from './verify.ts';

export const cronJobs: Component = {
	key: 'cron_jobs',
	stages: [copyStage],
	preview: previewJobs,
	verify: verifyJobs,
};
