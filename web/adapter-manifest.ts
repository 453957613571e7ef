// adapter-node reads ./package.json to learn which dependencies stay outside the bundle. This
// repository has one manifest, at its root, so the adapter's hook runs with that folder as its own.
import { isMainThread } from 'node:worker_threads';
import type { Adapter } from '@sveltejs/kit';

/** The same adapter, reading `package.json` from `folder` (relative to the current one). */
export function readManifestFrom(folder: string, adapter: Adapter): Adapter {
	const vite = adapter.vite;
	const plugins = typeof vite === 'object' ? vite.plugins : undefined;
	const post = plugins !== undefined && !Array.isArray(plugins) ? (plugins.post ?? []) : [];
	for (const plugin of post) {
		const original = plugin.config;
		if (typeof original !== 'function') continue;
		plugin.config = function (config, environment) {
			// Kit analyses the finished build in a worker, where nothing is bundled any more.
			if (!isMainThread) return undefined;
			const before = process.cwd();
			process.chdir(folder);
			try {
				return original.call(this, config, environment);
			} finally {
				process.chdir(before);
			}
		};
	}
	return adapter;
}
