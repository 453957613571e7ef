// Carries out a clone, plan or verification between two endpoints with the engine's own runner, and tells how it ended.
import type { EndpointRole } from '../supabase/functions/_shared/domain/endpoint-role.ts';
import type { Component } from '../supabase/functions/_shared/contract/component.ts';
import type { Service } from '../supabase/functions/_shared/contract/endpoint.ts';
import type { CloneOptions } from '../supabase/functions/_shared/domain/clone.ts';
import type { ComponentKey } from '../supabase/functions/_shared/domain/component.ts';
import { TwinsError, type ErrorBody } from '../supabase/functions/_shared/domain/errors.ts';
import type { VerificationMode } from '../supabase/functions/_shared/domain/status.ts';
import {
	runToEnd,
	type MemoryStore,
	type RunOutcome,
	type RunPorts,
} from '../supabase/functions/_shared/engine/run.ts';
import { both } from '../supabase/functions/_shared/platform/both.ts';
import type { EndpointOpener } from '../supabase/functions/_shared/engine/slice.ts';
import type { Run } from '../supabase/functions/_shared/engine/step.ts';
import type { NamedEndpoint } from './endpoints.ts';
import { inOwnWords } from './own-words.ts';

export interface RunRequest {
	readonly kind: Run['kind'];
	readonly mode: VerificationMode | null;
	readonly options: CloneOptions;
	readonly ignoreRules: readonly string[];
	readonly clonedBefore: boolean;
	readonly components: readonly Component[];
	readonly openEndpoint: EndpointOpener;
	readonly endpoints: Readonly<Record<EndpointRole, NamedEndpoint>>;
	readonly memory: MemoryStore;
	readonly signal: AbortSignal;
	readonly onStep?: RunPorts['onStep'];
	readonly onSlice?: RunPorts['onSlice'];
}

/** A component that an endpoint cannot serve. */
export interface LeftOut {
	readonly component: ComponentKey;
	readonly reason: string;
}

export interface RunReport extends RunOutcome {
	readonly leftOut: readonly LeftOut[];
	/** What stopped the run before it began, or one of its steps. */
	readonly errors: readonly (ErrorBody & { readonly step: string })[];
	readonly wasCanceled: boolean;
	/** How the endpoints were compared; null when they were not. */
	readonly mode: VerificationMode | null;
}

/** Runs to the end, or until `signal`. Throws what keeps an endpoint from being opened. */
export async function carryOut(request: RunRequest): Promise<RunReport> {
	const { options, signal, openEndpoint } = request;
	const { shared: services, withoutApi } = await servicesOf(request);
	const missing = ({ requires = [] }: Component): readonly Service[] =>
		requires.filter((service) => !services.includes(service));
	const enabled = request.components.filter(({ key }) => options.components[key]);
	const leftOut = enabled
		.filter((component) => missing(component).length > 0)
		.map(({ key }) => ({
			component: key,
			reason: `${withoutApi.join(' and ')} is given by its database URL, which has no API. Give the project ref and SUPABASE_ACCESS_TOKEN instead.`,
		}));
	const components = enabled.filter((component) => missing(component).length === 0);
	const run: Run = {
		id: crypto.randomUUID(),
		kind: request.kind,
		job_id: null,
		mode: request.mode,
		options,
		ignore_rules: request.ignoreRules,
		// Ref or address, to be confirmed when it holds tables of others.
		target: { ref: request.endpoints.target.name },
		cloned_before: request.clonedBefore,
	};
	const outcome = await runToEnd(run, [{ kind: 'prepare', rank: 0 }], {
		components,
		openEndpoint,
		memory: request.memory,
		signal,
		...(request.onStep ? { onStep: request.onStep } : {}),
		...(request.onSlice ? { onSlice: request.onSlice } : {}),
	});
	return {
		...outcome,
		leftOut,
		mode: request.mode,
		errors: outcome.steps.flatMap(({ name, status, error }) =>
			status === 'failed' && error
				? [{ step: name, ...error, ...(name === 'prepare' ? toConfirm(error.code, run) : {}) }]
				: [],
		),
		wasCanceled: outcome.steps.some(({ status }) => status === 'canceled'),
	};
}

/** Advice of the step that refuses a target which holds tables of others, with the flag to give. */
const toConfirm = (code: string, { target }: Run): { readonly fix?: string } =>
	code === 'conflict'
		? { fix: `If they may be overwritten, clone again with --confirm-target ${target.ref}.` }
		: {};

/**
 * What both endpoints have beside their databases. Throws when a database cannot be reached, since nobody waits for a typing
 * error, and when both are the same one under two names.
 */
async function servicesOf({ openEndpoint, signal, endpoints }: RunRequest): Promise<{
	readonly shared: readonly Service[];
	/** Flags of the endpoints that have none. */
	readonly withoutApi: readonly string[];
}> {
	const open = async (role: EndpointRole) => {
		const endpoint = await openEndpoint(role, signal);
		const identity = endpoint
			.database()
			.then((session) => session.query(IDENTITY))
			.catch((error: unknown) => Promise.reject(inOwnWords(error, endpoints[role])));
		return { endpoint, identity };
	};
	const [source, target] = [await open('source'), await open('target')];
	try {
		const [one, other] = await both(source.identity, target.identity);
		if (JSON.stringify(one) === JSON.stringify(other)) throw sameProject();
		const [ofSource, ofTarget] = [source.endpoint.services, target.endpoint.services];
		return {
			shared: ofSource.filter((service) => ofTarget.includes(service)),
			withoutApi: [
				...(ofSource.length === 0 ? [endpoints.source.option] : []),
				...(ofTarget.length === 0 ? [endpoints.target.option] : []),
			],
		};
	} finally {
		await Promise.all([source.endpoint.close(), target.endpoint.close()]);
	}
}

/** No two servers start in the same microsecond; copies of one share everything else that tells them apart. */
const IDENTITY =
	'select pg_catalog.pg_postmaster_start_time()::text, pg_catalog.current_database()';

export const sameProject = (): TwinsError =>
	new TwinsError(
		'bad_request',
		'--from and --to are the same project',
		'Give two different ones: a clone reads the one and writes the other.',
	);
