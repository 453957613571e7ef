// Database webhooks: triggers that call supabase_functions.http_request. They arrive disabled and point at the
// target where they pointed at the source.
import type { Component } from '../../contract/component.ts';
import { copyStage } from './copy.ts';
import { webhooksPlanner } from './planner.ts';
import { previewWebhooks } from './preview.ts';
import { verifyWebhooks } from './verify.ts';

export const webhooks: Component = {
	key: 'webhooks',
	stages: [copyStage],
	preview: previewWebhooks,
	planners: [webhooksPlanner],
	verify: verifyWebhooks,
};
