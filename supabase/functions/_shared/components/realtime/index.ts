// Membership of the supabase_realtime publication, and other publications of the user.
import type { Component } from '../../contract/component.ts';
import { copyStage } from './copy.ts';
import { realtimePlanner } from './planner.ts';
import { previewRealtime } from './preview.ts';
import { verifyRealtime } from './verify.ts';

export const realtime: Component = {
	key: 'realtime',
	stages: [copyStage],
	preview: previewRealtime,
	planners: [realtimePlanner],
	verify: verifyRealtime,
};
