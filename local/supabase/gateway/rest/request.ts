// An HTTP request to the REST service as data: schema, body, preferences. Refuses what is malformed.
import type { IncomingMessage } from 'node:http';
import { header, readText } from '../http.ts';
import { parsePreferences, type Preferences } from './query.ts';
import { missing, refuse } from './refusals.ts';

/** Hosted default: the schemas of the Data API. */
export const SCHEMAS = ['public', 'graphql_public'];

export interface RestRequest {
	readonly method: string;
	readonly url: URL;
	readonly schema: string;
	readonly body: unknown;
	readonly preferences: Preferences;
	/** The client wants one object instead of a list. */
	readonly single: boolean;
}

/** Reads the whole request. Throws PostgREST's refusals. */
export async function readRequest(request: IncomingMessage, url: URL): Promise<RestRequest> {
	const method = request.method ?? 'GET';
	const reading = method === 'GET' || method === 'HEAD';
	const accept = header(request, 'accept') ?? '';
	if (/csv|geo\+json|openapi|vnd\.pgrst\.plan|nulls=stripped/.test(accept)) {
		throw missing(`answers of type ${accept}`);
	}
	if (header(request, 'range') !== undefined) throw missing('Range header (use limit and offset)');
	const profile = header(request, reading ? 'accept-profile' : 'content-profile');
	const schema = profile ?? SCHEMAS[0] ?? 'public';
	if (!SCHEMAS.includes(schema)) {
		throw refuse(
			406,
			'PGRST106',
			`Invalid schema: ${schema}`,
			null,
			`Only the following schemas are exposed: ${SCHEMAS.join(', ')}`,
		);
	}
	const text = reading ? '' : await readText(request);
	return {
		method,
		url,
		schema,
		body: text === '' ? undefined : parseJson(text),
		preferences: parsePreferences(request),
		single: accept.includes('application/vnd.pgrst.object'),
	};
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw refuse(400, 'PGRST102', 'Empty or invalid json');
	}
}
