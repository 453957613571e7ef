// The suites: `unit` beside the code, `integration` with real clusters, `stack` and `browser` with a whole stack,
// `guards` for the rules of the house.
import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		projects: [
			{
				test: {
					name: 'unit',
					include: [
						'supabase/functions/_shared/**/*.test.ts',
						'local/**/*.test.ts',
						'web/src/**/*.test.ts',
					],
				},
			},
			{
				test: {
					name: 'integration',
					include: ['tests/{integration,corpus}/**/*.test.ts'],
					globalSetup: ['tests/helpers/clusters-setup.ts'],
					testTimeout: 180_000,
					hookTimeout: 180_000,
					maxWorkers: 3,
				},
			},
			{
				test: {
					name: 'walk',
					include: ['tests/walk/**/*.test.ts'],
					globalSetup: ['tests/helpers/clusters-setup.ts'],
					hookTimeout: 180_000,
				},
			},
			{
				test: {
					name: 'stack',
					include: ['tests/stack/**/*.test.ts'],
					globalSetup: ['tests/helpers/stack-setup.ts'],
					testTimeout: 180_000,
					hookTimeout: 60_000,
					fileParallelism: false,
				},
			},
			{
				test: {
					name: 'browser',
					include: ['tests/browser/**/*.test.ts'],
					globalSetup: ['tests/helpers/stack-setup.ts'],
					testTimeout: 120_000,
					hookTimeout: 120_000,
					fileParallelism: false,
				},
			},
			{ test: { name: 'guards', include: ['tests/guards/**/*.test.ts'], testTimeout: 60_000 } },
		],
	},
});
