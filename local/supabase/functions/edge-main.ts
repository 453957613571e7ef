// Main module of a Deno child: the globals that the hosted edge runtime has and plain Deno lacks, then the
// function. Runs in Deno only. The runner calls IDLE_PATH to learn when background work has ended.

interface EdgeGlobals {
	EdgeRuntime?: { waitUntil(work: Promise<unknown>): void };
	readonly Deno: {
		readonly env: { get(name: string): string | undefined };
		serve(...parts: unknown[]): unknown;
	};
}

type Handler = (request: Request, info?: unknown) => Response | Promise<Response>;

const IDLE_PATH = '/_local/idle';
const runtime = globalThis as unknown as EdgeGlobals;
const background = new Set<Promise<unknown>>();

runtime.EdgeRuntime = {
	waitUntil(work) {
		const watched = work
			.catch((error: unknown) => console.error('waitUntil:', error))
			.finally(() => background.delete(watched));
		background.add(watched);
	},
};

const serve = runtime.Deno.serve.bind(runtime.Deno);

const withIdlePath =
	(handler: Handler): Handler =>
	async (request, info) => {
		if (new URL(request.url).pathname !== IDLE_PATH) return handler(request, info);
		while (background.size > 0) await Promise.all(background);
		return new Response(null, { status: 204 });
	};

const isHandler = (value: unknown): value is Handler => typeof value === 'function';

// Deno.serve(handler), (options, handler) or ({ handler, … }).
runtime.Deno.serve = (first: unknown, second?: unknown) => {
	if (isHandler(first)) return serve(withIdlePath(first));
	if (isHandler(second)) return serve(first, withIdlePath(second));
	const options = first as { handler: Handler };
	return serve({ ...options, handler: withIdlePath(options.handler) });
};

const entry = runtime.Deno.env.get('LOCAL_FUNCTION_ENTRY') ?? '';
const loaded: unknown = await import(entry);
if (typeof loaded === 'object' && loaded !== null && 'default' in loaded) {
	const exported = loaded.default;
	if (typeof exported === 'object' && exported !== null && 'fetch' in exported) {
		const fetchOf = exported.fetch;
		if (isHandler(fetchOf)) runtime.Deno.serve(fetchOf);
	}
}
