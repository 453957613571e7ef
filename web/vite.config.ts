// Build of the web app, and SvelteKit's configuration. Run inside `web/`.
import adapterNode from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, searchForWorkspaceRoot } from 'vite';
import { readManifestFrom } from './adapter-manifest.ts';

export default defineConfig({
	plugins: [
		tailwindcss(),
		sveltekit({
			adapter: readManifestFrom('..', adapterNode({ out: 'build' })),
			// Kit compares origins with what it takes for its own, which behind adapter-node is https
			// always; `hooks.server.ts` makes the same check with the address known at run time.
			csrf: { trustedOrigins: ['*'] },
			// `hooks.server.ts` adds the control project's address to connect-src at run time.
			csp: {
				mode: 'nonce',
				directives: {
					'default-src': ['self'],
					'script-src': ['self'],
					'style-src': ['self', 'unsafe-inline'],
					'img-src': ['self', 'data:'],
					'font-src': ['self', 'data:'],
					'connect-src': ['self'],
					'object-src': ['none'],
					'base-uri': ['self'],
					'form-action': ['self'],
					'frame-ancestors': ['none'],
				},
			},
		}),
	],
	server: {
		host: '127.0.0.1',
		// The domain code lies outside `web/`, where edge functions can load it too.
		fs: { allow: [searchForWorkspaceRoot(process.cwd()), '../supabase/functions/_shared'] },
	},
});
