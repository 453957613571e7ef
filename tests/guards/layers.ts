// The layers of the code and who may import whom, as rules of dependency-cruiser. Imports of types count.
// `npm run layers` prints them, the guards hold them.
import { cruise, type IForbiddenRuleType, type IModule } from 'dependency-cruiser';
import { GENERATED, read, ROOT } from './source-files.ts';

interface Layer {
	readonly name: string;
	/** Pattern of its files. */
	readonly files: string;
	/** The layers that it may import, besides itself. */
	readonly uses: readonly string[];
}

const SHARED = '^supabase/functions/_shared';

const shared = (name: string, uses: readonly string[]): Layer => ({
	name,
	files: `${SHARED}/${name}/`,
	uses,
});

const PLATFORM = ['domain', 'platform/postgres', 'platform', 'platform/supabase'];
const SCHEMA = [...PLATFORM, 'contract', 'schema', 'schema-stages'];

const LOCAL = ['local/supabase', 'local', 'local/demo'];

/** From the bottom up. */
export const LAYERS: readonly Layer[] = [
	shared('domain', []),
	// Knows nothing of Twins.
	shared('platform/postgres', []),
	{ ...shared('platform', ['domain', 'platform/postgres']), files: `${SHARED}/platform/[^/]+$` },
	shared('platform/supabase', PLATFORM),
	shared('contract', PLATFORM),
	shared('schema', [...PLATFORM, 'contract']),
	shared('schema-stages', SCHEMA),
	shared('components', SCHEMA),
	shared('backup', [...SCHEMA, 'components']),
	// Beside schemas and components: these are handed in by whoever starts it.
	shared('engine', [...PLATFORM, 'contract']),
	shared('accounts', PLATFORM),
	shared('destinations', PLATFORM),
	shared('notifications', PLATFORM),
	{
		name: 'functions',
		files: '^supabase/functions/(?!_shared/)',
		uses: ['components', 'backup', 'engine', 'accounts', 'destinations', 'notifications'],
	},
	{
		name: 'cli',
		files: '^cli/',
		uses: [...PLATFORM, 'contract', 'components', 'backup', 'engine'],
	},
	{ name: 'web', files: '^web/', uses: ['domain'] },
	// Could be published.
	{ name: 'local/supabase', files: '^local/supabase/', uses: [] },
	{ name: 'local', files: '^local/[^/]+$', uses: [] },
	{
		name: 'local/demo',
		files: '^local/demo/',
		uses: ['domain', 'local/supabase', 'local'],
	},
	{ name: 'local/commands', files: '^local/commands/', uses: [...LOCAL, 'cli', 'tests'] },
	{
		name: 'tests',
		files: '^tests/',
		uses: [
			...SCHEMA,
			'components',
			'backup',
			'engine',
			'accounts',
			'destinations',
			'notifications',
			'cli',
			...LOCAL,
		],
	},
];

const patternsOf = (names: readonly string[]): string[] =>
	LAYERS.filter(({ name }) => names.includes(name)).map(({ files }) => files);

const UNIT_TEST = '\\.test\\.ts$';
const CLIENT = `${SHARED}/platform/postgres/`;

const RULES: IForbiddenRuleType[] = [
	{ name: 'no circle of files', from: {}, to: { circular: true } },
	...LAYERS.map(({ name, files, uses }) => ({
		name: `${name} imports ${uses.join(', ') || 'no other layer'}`,
		from: { path: files },
		to: { path: LAYERS.map((layer) => layer.files), pathNot: patternsOf([name, ...uses]) },
	})),
	{
		name: 'components do not import each other',
		from: { path: `${SHARED}/components/([^/]+)/` },
		to: { path: `${SHARED}/components/[^/]+/`, pathNot: `${SHARED}/components/$1/` },
	},
	{
		name: 'of the Postgres client others import the index only',
		from: { pathNot: CLIENT },
		to: { path: CLIENT, pathNot: `${CLIENT}index\\.ts$` },
	},
	{
		name: 'the shared code imports no package but zod/mini',
		// The sockets of Node, loaded only where Deno's are missing; the client of S3; age; what leaves for addresses of users.
		from: {
			path: `${SHARED}/`,
			pathNot: [
				UNIT_TEST,
				`${CLIENT}dial\\.ts$`,
				`${SHARED}/platform/(age|object-store|outgoing-post|mail)\\.ts$`,
			],
		},
		to: { pathNot: [`${SHARED}/`, '^node_modules/zod/mini/'] },
	},
];

export interface Imports {
	readonly modules: readonly IModule[];
	/** One line each: the rule, the file, and what it imports or the whole circle. */
	readonly violations: readonly string[];
}

/** Reads what every file of ours imports. */
export async function readImports(): Promise<Imports> {
	const { output } = await cruise(
		['supabase/functions', 'cli', 'web/src', 'local', 'tests'],
		{
			baseDir: ROOT,
			// Imports of types, too.
			tsPreCompilationDeps: true,
			doNotFollow: { path: '^node_modules/' },
			exclude: { path: '^local/demo/sample/functions/' },
			validate: true,
			ruleSet: { forbidden: RULES },
		},
		{ exportsFields: ['exports'], conditionNames: ['import', 'types'] },
	);
	if (typeof output === 'string') throw new Error(output);
	return {
		modules: output.modules,
		violations: output.summary.violations.map(({ rule, from, to, cycle }) =>
			[`${rule.name}: ${from}`, ...(cycle?.map(({ name }) => name) ?? [to])].join(' → '),
		),
	};
}

export interface LayerSize {
	readonly name: string;
	readonly files: number;
	readonly lines: number;
	/** Exported names. */
	readonly names: number;
	readonly longest: { readonly file: string; readonly lines: number };
	/** The layers that it does import. */
	readonly imports: readonly string[];
}

/** The layers with their sizes, without tests and what tools write. */
export function sizesOf(modules: readonly IModule[]): readonly LayerSize[] {
	return LAYERS.map(({ name, files }) => {
		const own = modules.filter(
			({ source }) =>
				new RegExp(files).test(source) &&
				!new RegExp(UNIT_TEST).test(source) &&
				!GENERATED.includes(source),
		);
		const lengths = own.map(({ source }) => ({ file: source, lines: linesOf(source) }));
		const imported = own.flatMap(({ dependencies }) =>
			dependencies.map(({ resolved }) => resolved),
		);
		return {
			name,
			files: own.length,
			lines: lengths.reduce((sum, { lines }) => sum + lines, 0),
			names: own.reduce((sum, { source }) => sum + exportedNames(source), 0),
			longest: lengths.reduce((most, next) => (next.lines > most.lines ? next : most)),
			imports: LAYERS.filter(
				(layer) =>
					layer.name !== name && imported.some((file) => new RegExp(layer.files).test(file)),
			).map((layer) => layer.name),
		};
	});
}

const linesOf = (file: string): number => read(file).split('\n').length - 1;

/** Names in declarations and in lists that pass names on. */
function exportedNames(file: string): number {
	const text = read(file);
	const declared = [
		...text.matchAll(/^export (?:async )?(?:const|let|function\*?|class|interface|type|enum) \w/gm),
	];
	const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
		list.split(',').filter((name) => name.trim() !== ''),
	);
	return declared.length + passedOn.length;
}
