// Whether workers kept to the limits of the hosted platform, as the function runner noted it.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inject } from 'vitest';
import { LIMITS_LOG } from '../../local/supabase/functions/runner.ts';

/**
 * What requests to functions of the stack were ended for: a limit of CPU, memory or time. Empty: all kept to them. Of a
 * stack that was given, nothing is known.
 */
export function requestsBeyondLimits(): string[] {
	const logs = inject('logs');
	const file = logs === null ? null : path.join(logs, LIMITS_LOG);
	if (file === null || !fs.existsSync(file)) return [];
	return fs.readFileSync(file, 'utf8').trim().split('\n');
}
