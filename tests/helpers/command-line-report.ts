// What `npm run twins -- … --json` prints, as machines may rely on it: nothing more and nothing less.
import * as z from 'zod/mini';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import { ERROR_CODES } from '../../supabase/functions/_shared/domain/errors.ts';
import { PREVIEW_PARTS, previewSchema } from '../../supabase/functions/_shared/domain/preview.ts';
import {
	ITEM_OUTCOMES,
	VERIFICATION_MODES,
} from '../../supabase/functions/_shared/domain/status.ts';

const component = z.enum(COMPONENT_KEYS);

export const commandLineReport = z.strictObject({
	exit_code: z.number(),
	canceled: z.boolean(),
	steps: z.array(
		z.strictObject({ name: z.string(), status: z.enum(['done', 'failed', 'canceled']) }),
	),
	errors: z.array(
		z.strictObject({
			step: z.string(),
			code: z.enum(ERROR_CODES),
			message: z.string(),
			fix: z.string(),
			sqlstate: z.optional(z.string()),
			http_status: z.optional(z.number()),
		}),
	),
	items: z.array(
		z.strictObject({
			component,
			object: z.string(),
			outcome: z.enum(ITEM_OUTCOMES),
			detail: z.optional(z.string()),
			fix: z.optional(z.string()),
			sqlstate: z.optional(z.string()),
		}),
	),
	compared: z.nullable(z.enum(VERIFICATION_MODES)),
	findings: z.array(
		z.strictObject({
			component,
			severity: z.enum(['note', 'warning', 'failed']),
			object: z.string(),
			expected: z.string(),
			found: z.string(),
			fix: z.string(),
			examples: z.optional(z.array(z.string())),
		}),
	),
	previews: z.partialRecord(z.enum(PREVIEW_PARTS), previewSchema),
	skipped_components: z.array(z.strictObject({ component, reason: z.string() })),
});
export type CommandLineReport = z.infer<typeof commandLineReport>;
