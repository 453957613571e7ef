// The early stage: raises the target's limit for files where it is lower than the source's, so that the files
// of Storage fit. The limit is made equal, and so perhaps lowered, only after they are there.
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Config } from './plan.ts';
import { configSchema, readBoth } from './settings-reader.ts';

const PATH = '/config/storage';
const SETTING = 'fileSizeLimit';
const OBJECT = `storage.${SETTING}`;

interface Raise {
	readonly setting: string;
	readonly object: string;
	readonly call: { readonly method: 'PATCH'; readonly path: string; readonly body: Config };
	readonly wanted: number;
	readonly present: number;
}

/** How the limit is raised; undefined where it is high enough. */
export async function limitToRaise(
	context: Pick<StageContext, 'source' | 'target'>,
): Promise<Raise | undefined> {
	const [source, target] = await readBoth(context, PATH);
	const [wanted, present] = [source[SETTING], target[SETTING]];
	if (typeof wanted !== 'number' || typeof present !== 'number' || wanted <= present) return;
	const call = { method: 'PATCH', path: PATH, body: { [SETTING]: wanted } } as const;
	return { setting: SETTING, object: OBJECT, call, wanted, present };
}

const notTaken = (wanted: number): TwinsError =>
	new TwinsError(
		'api_refused',
		`Supabase took the request, but the limit for files is not ${wanted}`,
		'Set the global file size limit on the target by hand (Storage → Settings), if its plan has it.',
	);

export const limitsStage: Stage = {
	name: 'limits',
	needs: [],
	provides: ['config'],
	run,
};

async function run(context: StageContext): Promise<StageResult> {
	try {
		const raise = await limitToRaise(context);
		context.spend({ operations: 2 });
		if (raise !== undefined) {
			const { call, wanted, present } = raise;
			await context.target.api.send(call.method, call.path, call.body);
			const now = await context.target.api.get(PATH, configSchema);
			if (now[SETTING] !== wanted) throw notTaken(wanted);
			const detail = `${wanted} (was ${present})`;
			context.report({ object: OBJECT, outcome: 'copied', detail });
		}
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'api_refused') throw error;
		// Where the account may not read it, the later stage says so for all settings of Storage.
		if (error.details.httpStatus !== 403) {
			context.report({ object: OBJECT, outcome: 'failed', detail: error.message, fix: error.fix });
		}
	}
	return { state: 'done' };
}
