// The component Storage: buckets with their settings, and every file with its type, cache control and user
// metadata. Policies on storage.objects belong to `policies`.
import type { Component } from '../../contract/component.ts';
import { dropLedgerSchema } from '../../contract/ledger.ts';
import { filesStage } from './copy.ts';
import { storagePlanner } from './planner.ts';
import { preview } from './preview.ts';
import { verify } from './verify.ts';

export const storage: Component = {
	key: 'storage',
	requires: ['storage_api'],
	stages: [filesStage],
	cleanUp: dropLedgerSchema,
	preview,
	planners: [storagePlanner],
	verify,
};
