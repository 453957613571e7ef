// Settings of the data API, Realtime, Storage, TLS, network and Postgres.
import { type Answer, ok } from '../answers.ts';
import { writeSettings } from '../../gateway/storage/settings.ts';
import type { ProjectCall } from '../request.ts';

/** May hold the legacy JWT secret in clear: only for tokens that may read it. */
export async function getPostgrest({ project, state, account }: ProjectCall): Promise<Answer> {
	const maySeeSecret =
		!account.permissions || account.permissions.includes('data_api_config_secret_read');
	return ok({
		...state.settings.postgrest,
		...(maySeeSecret ? { jwt_secret: project.jwtSecret } : {}),
	});
}

export async function updatePostgrest({ state, body }: ProjectCall): Promise<Answer> {
	state.settings.postgrest = { ...state.settings.postgrest, ...Object(body.json) };
	return ok(state.settings.postgrest);
}

export async function getRealtime({ state }: ProjectCall): Promise<Answer> {
	return ok(state.settings.realtime);
}

export async function updateRealtime({ state, body }: ProjectCall): Promise<Answer> {
	state.settings.realtime = { ...state.settings.realtime, ...Object(body.json) };
	return { status: 204 };
}

export async function getStorage({ state }: ProjectCall): Promise<Answer> {
	return ok(state.settings.storage);
}

export async function updateStorage({ project, state, body }: ProjectCall): Promise<Answer> {
	const { features, ...rest } = Object(body.json);
	if (typeof rest.fileSizeLimit === 'number') {
		await writeSettings(project, { fileSizeLimit: rest.fileSizeLimit });
	}
	const current = state.settings.storage;
	state.settings.storage = {
		...current,
		...rest,
		features: { ...Object(current['features']), ...Object(features ?? {}) },
	};
	return { status: 200 };
}

export async function getSslEnforcement({ state }: ProjectCall): Promise<Answer> {
	return ok({
		currentConfig: { database: state.settings.sslEnforced },
		appliedSuccessfully: true,
	});
}

export async function updateSslEnforcement(call: ProjectCall): Promise<Answer> {
	const requested = Object(Object(call.body.json)['requestedConfig']);
	call.state.settings.sslEnforced = requested['database'] === true;
	return getSslEnforcement(call);
}

/** Open to all, as new projects are. */
export async function getNetworkRestrictions(): Promise<Answer> {
	return ok({
		entitlement: 'disallowed',
		config: { dbAllowedCidrs: ['0.0.0.0/0'], dbAllowedCidrsV6: ['::/0'] },
		status: 'applied',
	});
}

export async function getPostgresConfig({ state }: ProjectCall): Promise<Answer> {
	return ok(state.settings.postgres);
}
