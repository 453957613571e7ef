// The component Storage: buckets with their settings, and every file with its type, cache control and user
// metadata. Policies on storage.objects belong to `policies`.
import type { Component } from '../component.ts';
import { filesStage } from './copy.ts';
import { preview } from './inspect.ts';
import { verify } from './verify.ts';

export const storage: Component = {
	key: 'storage',
	stages: [filesStage],
	preview,
	verify,
};
