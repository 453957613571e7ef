// The areas of settings: where they are read and written, and the plan of each. One request per endpoint.
import type { Area } from './area.ts';
import { planAuth } from './auth-plan.ts';
import { databaseSettings } from './database-settings.ts';
import { existingHookFunctions } from './hook-functions.ts';
import { planFields } from './plan.ts';
import { secretTest } from './secret-digest.ts';
import {
	AUTH_GROUPS,
	DATA_API_FIELDS,
	DATA_API_LEFT_OUT,
	REALTIME_FIELDS,
	REALTIME_LEFT_OUT,
	STORAGE_FIELDS,
	STORAGE_LEFT_OUT,
} from './settings.ts';
import { readBoth } from './settings-reader.ts';

function simple(
	name: Area['name'],
	label: string,
	path: string,
	fields: readonly string[],
	leftOut: Parameters<typeof planFields>[3],
): Area {
	return {
		name,
		label,
		path,
		size: fields.length,
		async plan(context) {
			const [source, target] = await readBoth(context, path);
			return planFields(source, target, fields, leftOut);
		},
	};
}

const auth: Area = {
	name: 'auth',
	label: 'Auth',
	path: '/config/auth',
	size: Object.values(AUTH_GROUPS).flat().length,
	async plan(context, isBefore) {
		const [source, target] = await readBoth(context, '/config/auth');
		const [ofSource, ofTarget] = await Promise.all([
			secretTest(context.source.ref, source),
			secretTest(context.target.ref, target),
		]);
		const functions = isBefore ? undefined : await existingHookFunctions(context.target, source);
		return planAuth({
			source: { ref: context.source.ref, url: context.source.url, config: source },
			target: { ref: context.target.ref, url: context.target.url, config: target },
			hasSecret: (role, field) => (role === 'source' ? ofSource : ofTarget)(field),
			hasFunction: (uri) => functions === undefined || functions.has(uri),
		});
	},
};

export const AREAS: readonly Area[] = [
	auth,
	simple('data_api', 'Data API', '/postgrest', DATA_API_FIELDS, DATA_API_LEFT_OUT),
	simple('realtime', 'Realtime', '/config/realtime', REALTIME_FIELDS, REALTIME_LEFT_OUT),
	simple('storage', 'Storage', '/config/storage', STORAGE_FIELDS, STORAGE_LEFT_OUT),
	databaseSettings,
];
