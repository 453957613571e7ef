// Settings of the database service: never written, since each of them can lock users out or restarts the
// target. A difference is reported.
import type { ReadContext } from '../../contract/context.ts';
import type { Area } from './area.ts';
import { type Config, isSame, type Note } from './plan.ts';
import { readBoth } from './settings-reader.ts';

interface Place {
	readonly setting: string;
	readonly path: string;
	/** What of the answer is the setting. */
	readonly of: (answer: Config) => unknown;
	readonly detail: string;
	readonly fix: string;
}

export const PLACES: readonly Place[] = [
	{
		setting: 'SSL enforcement',
		path: '/ssl-enforcement',
		of: ({ currentConfig }) => currentConfig,
		detail: 'the target asks otherwise for encrypted connections; it is not changed',
		fix: 'Set it under Database → Settings, once every client of the target is ready for it.',
	},
	{
		setting: 'network restrictions',
		path: '/network-restrictions',
		of: ({ config }) => config,
		detail: 'the target lets other addresses in; they are not changed: they could shut you out',
		fix: 'Set them under Database → Settings on the target.',
	},
	{
		setting: 'Postgres settings',
		path: '/config/database/postgres',
		of: (overrides) => overrides,
		detail: 'the source overrides settings of Postgres otherwise; they go with the compute size',
		fix: 'Set them with: supabase postgres-config update --project-ref <target>',
	},
];

export const databaseSettings: Area = {
	name: 'database',
	label: 'Database',
	path: '/config/database/postgres',
	size: PLACES.length,
	async plan(context: ReadContext) {
		const notes: Note[] = [];
		for (const { setting, path, of, detail, fix } of PLACES) {
			const [source, target] = (await readBoth(context, path)).map(of);
			if (!isSame(source, target)) notes.push({ setting, kind: 'todo', detail, fix });
		}
		return { changes: [], notes, equal: PLACES.length - notes.length };
	},
};
