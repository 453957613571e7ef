// Runs on Deno: copies 150 MB into a slow table over TLS, and prints the most memory it saw itself use.
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';

interface Runtime {
	readonly args: readonly string[];
	memoryUsage(): { readonly rss: number };
}

const { Deno } = globalThis as unknown as { Deno: Runtime };
const given: unknown = JSON.parse(Deno.args[0] ?? '{}');
const { source, target, ca } = given as { source: string; target: string; ca: string };

const open = (url: string) => connectUrl(`${url}?sslmode=verify-full`, { caCerts: [ca] });
const [from, into] = await Promise.all([open(source), open(target)]);
let most = 0;
const watch = setInterval(() => {
	most = Math.max(most, Deno.memoryUsage().rss);
}, 20);
const { rows } = await from.copyInto(
	into,
	`copy (select i, repeat('x', 100000) from generate_series(1, 1500) i) to stdout`,
	'copy slow from stdin',
);
clearInterval(watch);
await Promise.all([from.close(), into.close()]);
console.log(JSON.stringify({ rows, megabytes: Math.round(most / 1024 / 1024) }));
