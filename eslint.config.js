// Lint rules of the whole repository. Zero warnings: `npm run check` fails on any.
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

const noFloatingPromises = {
	'@typescript-eslint/no-floating-promises': 'error',
	'@typescript-eslint/no-misused-promises': 'error',
};

export default ts.config(
	{
		ignores: [
			'node_modules/**',
			'.local/**',
			'web/build/**',
			'web/.svelte-kit/**',
			// Entry points: checked by `deno check`, which knows the runtime's globals.
			'supabase/functions/*/index.ts',
			// Deployed to the sample project as they are.
			'local/demo/sample/functions/**',
		],
	},
	...ts.configs.recommended,
	{
		files: ['**/*.ts'],
		rules: {
			'@typescript-eslint/no-explicit-any': 'error',
			'@typescript-eslint/no-non-null-assertion': 'error',
			'@typescript-eslint/consistent-type-imports': [
				'error',
				{ fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
			],
			'@typescript-eslint/no-unused-vars': [
				'error',
				{ argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
			],
		},
	},
	{
		files: ['**/*.ts'],
		ignores: ['supabase/functions/_shared/platform/database.ts'],
		rules: {
			'@typescript-eslint/no-restricted-imports': [
				'error',
				{
					patterns: [
						{
							group: ['**/platform/postgres/index.ts'],
							importNames: ['connect', 'connectUrl'],
							message:
								'Errors of the bare client may show values of rows: see platform/database.ts.',
						},
					],
				},
			],
		},
	},
	{
		files: ['supabase/functions/_shared/**/*.ts', 'local/**/*.ts', 'tests/**/*.ts'],
		languageOptions: {
			globals: globals.node,
			parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
		},
		rules: noFloatingPromises,
	},
	...svelte.configs.recommended,
	{
		files: ['web/**/*.svelte', 'web/**/*.svelte.ts', 'web/**/*.ts'],
		languageOptions: {
			globals: { ...globals.browser, ...globals.node },
			parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] },
		},
		rules: {
			'svelte/button-has-type': 'error',
			// Links are built from typed route constants or ids; the app is served from the root.
			'svelte/no-navigation-without-resolve': 'off',
		},
	},
	{ files: ['**/*.mjs', '*.js'], languageOptions: { globals: globals.node } },
);
