// npm run twins -- clone --from REF|URL --to REF|URL: the product without a control project, for terminals and CI.
import { Command, CommanderError, Option } from 'commander';
import { components } from '../supabase/functions/_shared/components/index.ts';
import { errorBody, TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import {
	VERIFICATION_MODES,
	type VerificationMode,
} from '../supabase/functions/_shared/domain/status.ts';
import { keepEndpoints } from '../supabase/functions/_shared/engine/kept-endpoints.ts';
import { backUp, deleteOne, list, verify, type AddressFlags, type BackupFlags } from './backup.ts';
import { type ResealFlags, resealSecrets } from './reseal.ts';
import { restore, type RestoreFlags } from './restore.ts';
import { endpointOpener, parseEndpoint } from './endpoints.ts';
import { readOptions, type Flags } from './options.ts';
import { watchRun } from './progress.ts';
import { asJson, asText, cloneExit, EXIT, planExit, verifyExit } from './report.ts';
import { carryOut, sameProject, type RunReport, type RunRequest } from './run.ts';
import { defaultStateFile, openStateFile } from './state-file.ts';

interface RunFlags extends Flags {
	readonly from: string;
	readonly to: string;
	readonly ignore?: readonly string[];
	readonly json?: boolean;
	readonly state?: string;
	readonly verify?: VerificationMode | 'none';
	readonly mode?: VerificationMode;
	readonly compare?: VerificationMode;
}

type Kind = Exclude<RunRequest['kind'], 'backup'>;

/** First Ctrl-C (or SIGTERM, as CI sends it): the current operation finishes and the run stops. Second: at once. */
function cancelOnInterrupt(): AbortSignal {
	const stop = new AbortController();
	const interrupt = (): void => {
		if (stop.signal.aborted) process.exit(EXIT.different);
		process.stderr.write('\nStopping after the current operation. Ctrl-C again stops at once.\n');
		stop.abort();
	};
	process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
	return stop.signal;
}

async function execute(kind: Kind, flags: RunFlags): Promise<number> {
	const endpoints = {
		source: parseEndpoint('--from', flags.from),
		target: parseEndpoint('--to', flags.to),
	};
	if (endpoints.source.name === endpoints.target.name) throw sameProject();
	const options = readOptions(flags);
	// A clone and the verification after it sign in once.
	const kept = keepEndpoints(endpointOpener(endpoints, process.env));
	const pair = [endpoints.source.name, endpoints.target.name] as const;
	const state = openStateFile(flags.state ?? defaultStateFile(pair, process.env));
	const view = flags.json ? undefined : watchRun(process.stderr);
	const run = async (kind: Kind, mode: VerificationMode | null): Promise<RunReport> =>
		carryOut({
			kind,
			mode,
			options,
			ignoreRules: flags.ignore ?? [],
			clonedBefore: state.isKnown,
			components,
			openEndpoint: kept.openEndpoint,
			endpoints,
			memory: state,
			signal,
			...(view ? { onStep: view.onStep, onSlice: view.onSlice } : {}),
		});
	const tell = (report: RunReport, exitCode: number): number => {
		view?.end();
		const text = flags.json ? asJson(report, exitCode) : asText(report);
		if (text !== '') process.stdout.write(`${text}\n`);
		return exitCode;
	};
	try {
		switch (kind) {
			case 'preview': {
				const planned = await run('preview', null);
				const exitCode = planExit(planned);
				if (flags.compare === undefined || exitCode === EXIT.refused || planned.wasCanceled) {
					return tell(planned, exitCode);
				}
				const compared = await run('verification', flags.compare);
				return tell(joined(planned, compared), Math.max(exitCode, verifyExit(compared)));
			}
			case 'verification': {
				const report = await run('verification', flags.mode ?? 'checksums');
				return tell(report, verifyExit(report));
			}
			case 'job': {
				const cloned = await run('job', null);
				const exitCode = cloneExit(cloned);
				if (exitCode !== EXIT.refused) state.save();
				const mode = flags.verify ?? 'none';
				if (mode === 'none' || exitCode === EXIT.refused || cloned.wasCanceled) {
					return tell(cloned, exitCode);
				}
				const verified = await run('verification', mode);
				return tell(joined(cloned, verified), Math.max(exitCode, verifyExit(verified)));
			}
		}
	} finally {
		await kept.close();
	}
}

/** Resolves when all that was written before is out, or nobody reads it any more. */
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
	new Promise((resolve) => stream.once('error', () => resolve()).write('', () => resolve()));

/** A run and the verification after it, as one report. */
const joined = (run: RunReport, verified: RunReport): RunReport => ({
	...run,
	mode: verified.mode,
	steps: [...run.steps, ...verified.steps],
	errors: [...run.errors, ...verified.errors],
	findings: verified.findings,
	wasCanceled: run.wasCanceled || verified.wasCanceled,
});

function addRun(program: Command, name: string, kind: Kind, description: string): Command {
	const list = (value: string, before: readonly string[] = []): string[] => [
		...before,
		...value.split(',').map((word) => word.trim()),
	];
	return program
		.command(name)
		.description(description)
		.requiredOption('--from <ref|url>', 'source, only read')
		.requiredOption('--to <ref|url>', 'target, written by clone')
		.option('--options <file>', 'options as JSON, as in start_clone(); flags stand above them')
		.option('--only <components>', 'only these components, separated by commas', list)
		.option('--except <components>', 'all components but these', list)
		.option('--row-limit <rows>', 'rows per table; 0 for all')
		.option('--strategy <table=strategy...>', 'mirror, upsert or skip for a table')
		.option('--ignore <pattern...>', 'tables whose rows are left alone, such as public.tmp_*')
		.option('--remove-extra', 'also remove what only the target has')
		.option('--activate', 'arm cron jobs and webhooks on arrival')
		.option('--copy-mfa', 'copy second factors of users')
		.option(
			'--no-hold-snapshot',
			'hold no snapshot of the source for longer than a slice: rows are compared again, in up to three rounds, until they are of one moment',
		)
		.option(
			'--confirm-target <name>',
			"the target's ref or host:port/database, when it holds tables of others",
		)
		.option('--state <file>', 'where names at the end of a clone are remembered')
		.option('--json', 'the result as JSON on stdout, nothing else')
		.action(async (flags: RunFlags) => {
			process.exitCode = await execute(kind, flags);
		});
}

const program = new Command('twins')
	.description('Clones one Supabase project into another, exactly, safely and honestly.')
	.exitOverride();
addRun(
	program,
	'plan',
	'preview',
	'show what a clone would do; changes nothing. Of rows, files, users and the code of edge functions that both ' +
		'have it knows numbers only, unless --compare reads them',
).addOption(
	new Option('--compare <mode>', 'also compare rows, files and users, as verify does').choices(
		VERIFICATION_MODES,
	),
);
addRun(program, 'clone', 'job', 'clone the source into the target').addOption(
	new Option('--verify <mode>', 'verify afterwards').choices([...VERIFICATION_MODES, 'none']),
);
addRun(program, 'verify', 'verification', 'compare both; changes nothing').addOption(
	new Option('--mode <mode>', 'how closely').choices(VERIFICATION_MODES).default('checksums'),
);
program
	.command('backup')
	.description(
		'write all of a project into a bucket: schema, rows and users at one moment, then settings, functions and files. ' +
			'Of a database given by its URL, what is in it. The folder can be restored with psql alone: docs/BACKUP-FORMAT.md',
	)
	.requiredOption('--from <ref|url>', 'source, only read')
	.requiredOption(
		'--to <s3://bucket/folder>',
		'any S3-compatible store, with the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL_S3',
	)
	.option('--ignore <pattern...>', 'tables whose rows are not kept, such as public.tmp_*')
	.option(
		'--recipient <age1…>',
		'encrypt it for the owner of this key: age-keygen makes one, and prints its public half',
	)
	.option('--json', 'the manifest as JSON on stdout, nothing else')
	.action(async (flags: BackupFlags) => {
		process.exitCode = await backUp(flags, signal);
	});
const addAddressed = (
	name: string,
	description: string,
	run: (flags: AddressFlags, signal: AbortSignal) => Promise<number>,
): Command =>
	program
		.command(name)
		.description(description)
		.requiredOption('--from <s3://bucket/folder>', 'an address, as backup printed it')
		.option('--json', 'the result as JSON on stdout, nothing else')
		.action(async (flags: AddressFlags) => {
			process.exitCode = await run(flags, signal);
		});
addAddressed(
	'list-backups',
	'list the backups below a folder, and whether they are complete',
	list,
);
const KEY = [
	'--key <file>',
	'with the key of an encrypted backup, as age-keygen writes it',
] as const;
addAddressed(
	'verify-backup',
	'read every object of a backup back and compare its hash',
	verify,
).option(...KEY);
addAddressed('delete-backup', 'remove all objects of a backup', deleteOne);

program
	.command('restore')
	.description('restore a backup into a project or database, without its source')
	.requiredOption('--from <s3://bucket/folder>', 'an address, as backup printed it')
	.requiredOption('--to <ref|url>', 'target, written')
	.option(...KEY)
	.option('--only <component...>', 'only these components')
	.option('--table <schema.table...>', 'only the rows of these tables, in place of what they hold')
	.option('--confirm-target <name>', "the target's ref or host:port/database, when it holds tables")
	.option('--json', 'the result as JSON on stdout, nothing else')
	.action(async (flags: RestoreFlags) => {
		process.exitCode = await restore(flags, signal);
	});

program
	.command('reseal-secrets')
	.description(
		'for operators: seal all stored secrets of an installation with its current encryption key',
	)
	.requiredOption('--control <url>', 'database of the control project')
	.option('--dry-run', 'open every secret, and write nothing')
	.option('--json', 'the result as JSON on stdout, nothing else')
	.action(async (flags: ResealFlags) => {
		process.exitCode = await resealSecrets(flags);
	});

const signal = cancelOnInterrupt();
try {
	await program.parseAsync();
} catch (error) {
	if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.refused;
	else if (signal.aborted) {
		process.stderr.write('Canceled while connecting.\n');
		process.exitCode = EXIT.different;
	} else if (error instanceof TwinsError) {
		process.stderr.write(`${error.message}\n${error.fix}\n`);
		process.exitCode = EXIT.refused;
	} else {
		// A fault of ours, or of the machine: its place in our code helps nobody here.
		const { message, fix } = errorBody(error);
		process.stderr.write(`${message}\n${fix}\n`);
		process.exitCode = EXIT.different;
	}
}
// What waits in a pipe would be cut off.
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit();
