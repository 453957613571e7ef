// The vendor's OpenAPI document as a judge: which operation a request is, and whether request and answer
// keep to it. A violation is our own mistake, so the server answers 500 and names it.
// openapi.json holds the operations that this server has, unchanged, one a line.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

type Json = Record<string, unknown>;

interface Parameter {
	readonly name: string;
	readonly in: string;
	readonly required?: boolean;
	readonly schema: Json;
}

export interface Operation {
	/** `v1-list-all-functions` in the document: the key of the routes. */
	readonly id: string;
	readonly method: string;
	/** `/v1/projects/{ref}/functions`. */
	readonly template: string;
	readonly parameters: Readonly<Record<string, string>>;
	/** Permissions that a scoped token needs; empty when none. */
	readonly permissions: readonly string[];
	/** Scope that an OAuth token needs; undefined: closed to OAuth. */
	readonly oauthScope: string | undefined;
	/** Status of success: 200, 201 or 204. */
	readonly status: number;
}

interface Route extends Omit<Operation, 'parameters'> {
	readonly pattern: RegExp;
	readonly names: readonly string[];
	readonly document: Json;
}

export interface Contract {
	/** The operation of a request, or undefined where the document has none. */
	find(method: string, path: string): Operation | undefined;
	/** Violations in query and path parameters, in the words of the document; empty when none. */
	checkParameters(operation: Operation, query: URLSearchParams): readonly string[];
	/** Violations in a body of the given content type. */
	checkBody(operation: Operation, contentType: string, body: unknown): readonly string[];
	/** Violations in an answer that is JSON. */
	checkAnswer(operation: Operation, status: number, body: unknown): readonly string[];
}

const DOCUMENT = fileURLToPath(new URL('openapi.json', import.meta.url));

/** Reads openapi.json once; checks are compiled when first used. */
export function loadContract(): Contract {
	const document = asObject(JSON.parse(readFileSync(DOCUMENT, 'utf8')));
	const routes = readRoutes(asObject(document['paths']));
	// The document's own schemas, under one id, so that its `#/components/schemas/X` resolve.
	const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false });
	addFormats.default(ajv);
	for (const format of ['binary', 'int64']) ajv.addFormat(format, true);
	ajv.addSchema({ $id: 'contract', components: toJsonSchema(document['components']) });
	const compiled = new Map<string, ValidateFunction>();

	const check = (key: string, schema: Json, value: unknown, what: string): readonly string[] => {
		let validate = compiled.get(key);
		if (!validate) {
			validate = ajv.compile(asObject(toJsonSchema(schema)));
			compiled.set(key, validate);
		}
		if (validate(value)) return [];
		return (validate.errors ?? []).map((error) => describe(what, error));
	};
	const routeOf = (operation: Operation): Route => {
		const route = routes.find(({ id }) => id === operation.id);
		if (!route) throw new Error(`the contract has no operation ${operation.id}`);
		return route;
	};

	return {
		find(method, path) {
			for (const route of routes) {
				const match = route.method === method ? route.pattern.exec(path) : null;
				if (!match) continue;
				const values = match.slice(1).map((value) => decodeURIComponent(value));
				return {
					...route,
					parameters: Object.fromEntries(
						route.names.map((name, index) => [name, values[index] ?? '']),
					),
				};
			}
			return undefined;
		},
		checkParameters(operation, query) {
			const route = routeOf(operation);
			return parametersOf(route.document).flatMap((parameter) => {
				const value =
					parameter.in === 'path'
						? operation.parameters[parameter.name]
						: readQuery(query, parameter);
				const what = `${parameter.in} parameter ${parameter.name}`;
				if (value === undefined) return parameter.required ? [`${what} is missing`] : [];
				return check(`${route.id} ${what}`, parameter.schema, value, what);
			});
		},
		checkBody(operation, contentType, body) {
			const { id, document: described } = routeOf(operation);
			if (!described['requestBody']) return [];
			const content = asObject(asObject(described['requestBody'])['content']);
			const media = content[contentType];
			if (!media)
				return [
					`content type ${contentType || '(none)'} is not one of ${Object.keys(content).join(', ')}`,
				];
			return check(`${id} ${contentType}`, asObject(asObject(media)['schema']), body, 'body');
		},
		checkAnswer(operation, status, body) {
			const { id, document: described } = routeOf(operation);
			const answer = asObject(described['responses'])[String(status)];
			if (!answer) return [`status ${status} is not described`];
			const media = asObject(asObject(answer)['content'] ?? {})['application/json'];
			if (!media) return [];
			return check(`${id} ${status}`, asObject(asObject(media)['schema']), body, 'answer');
		},
	};
}

function readRoutes(paths: Json): readonly Route[] {
	return Object.entries(paths).flatMap(([template, methods]) =>
		Object.entries(asObject(methods)).map(([method, operation]): Route => {
			const document = asObject(operation);
			const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
			const security = Array.isArray(document['security']) ? document['security'] : [];
			const permissions: unknown[] = security.flatMap(
				(entry) => asObject(entry)['fga_permissions'] ?? [],
			);
			const scope = document['x-oauth-scope'];
			return {
				id: String(document['operationId']),
				method: method.toUpperCase(),
				template,
				pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
				names,
				document,
				permissions: permissions.map(String),
				oauthScope: typeof scope === 'string' ? scope : undefined,
				status: Number(Object.keys(asObject(document['responses'])).find((code) => code < '300')),
			};
		}),
	);
}

function parametersOf(document: Json): readonly Parameter[] {
	return Array.isArray(document['parameters']) ? document['parameters'] : [];
}

/** A query parameter in the type that its schema asks for. */
function readQuery(query: URLSearchParams, { name, schema }: Parameter): unknown {
	const values = query.getAll(name);
	const value = values[0];
	if (value === undefined) return undefined;
	switch (schema['type']) {
		case 'array':
			return values.flatMap((entry) => entry.split(','));
		case 'integer':
		case 'number':
			return Number(value);
		case 'boolean':
			// `bundleOnly=1` is what the vendor's own command line sends.
			return ['true', '1'].includes(value) ? true : ['false', '0'].includes(value) ? false : value;
		default:
			return value;
	}
}

/** OpenAPI 3.0 says `nullable`; JSON Schema wants null among the types and the values of an enum. */
function toJsonSchema(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(toJsonSchema);
	if (typeof value !== 'object' || value === null) return value;
	const result: Json = {};
	for (const [key, entry] of Object.entries(value)) {
		if (key === '$ref' && typeof entry === 'string') result[key] = `contract${entry}`;
		else if (key !== 'nullable' && key !== 'example') result[key] = toJsonSchema(entry);
	}
	if (asObject(value)['nullable'] === true && typeof result['type'] === 'string') {
		result['type'] = [result['type'], 'null'];
		if (Array.isArray(result['enum'])) result['enum'] = [...result['enum'], null];
	}
	return result;
}

function describe(what: string, error: ErrorObject): string {
	const detail = error.params['additionalProperty'] ?? error.params['allowedValues'];
	const suffix = detail === undefined ? '' : ` (${String(detail)})`;
	return `${what}${error.instancePath} ${error.message ?? 'is wrong'}${suffix}`;
}

function asObject(value: unknown): Json {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw new Error('openapi.json: expected an object');
	}
	return Object.fromEntries(Object.entries(value));
}
