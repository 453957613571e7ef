// The words that a column may hold are written twice: in its check, and in domain/status.ts for the code.
import { expect, it } from 'vitest';
import {
	COMPONENT_STATUSES,
	ITEM_OUTCOMES,
	JOB_STATUSES,
	VERIFICATION_MODES,
	VERIFICATION_STATUSES,
} from '../../supabase/functions/_shared/domain/status.ts';
import {
	CHANNEL_KINDS,
	DELIVERY_STATUSES,
	NOTIFICATION_EVENTS,
} from '../../supabase/functions/_shared/domain/notification.ts';
import { read } from './source-files.ts';

const schema = read('tests/db/schema.sql');

function wordsOf(check: string): string[] {
	const [, list = ''] =
		new RegExp(`CONSTRAINT ${check} CHECK .*ARRAY\\[(.*?)\\]`).exec(schema) ?? [];
	return [...list.matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
}

it.each([
	['jobs_status_check', JOB_STATUSES],
	['previews_status_check', JOB_STATUSES],
	['job_components_status_check', COMPONENT_STATUSES],
	['job_items_outcome_check', ITEM_OUTCOMES],
	['verifications_status_check', VERIFICATION_STATUSES],
	['verifications_mode_check', VERIFICATION_MODES],
	['notification_channels_kind_check', CHANNEL_KINDS],
	['notification_channels_events_check', NOTIFICATION_EVENTS],
	['notifications_event_check', [...NOTIFICATION_EVENTS, 'test']],
	['notification_deliveries_status_check', DELIVERY_STATUSES],
])('the database holds %s to the words of the code', (check, words) => {
	expect(wordsOf(check).sort()).toEqual([...words].sort());
});
