// Compares functions of both endpoints: `structure` looks at what the lists say, the other modes also at the files.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { VerificationMode } from '../../domain/status.ts';
import { concernsAll, isSameSource } from './copy-function.ts';
import { type DeployedFunction, hasSameBundle, listFunctions } from './deployed.ts';
import { downloadSource } from './source.ts';

/** Pairs of downloads under way at once. */
const LANES = 3;
const FIX = 'Clone the component Edge functions again.';

export async function verify(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const { source, target, options, signal } = context;
	const [wanted, present] = await Promise.all([
		listFunctions(source.api),
		listFunctions(target.api),
	]);
	const functions = [...wanted.values()];
	const findings = functions.flatMap((entry) => settingFindings(entry, present.get(entry.slug)));
	if (options.remove_extra) {
		const extra = [...present.keys()].filter((slug) => !wanted.has(slug));
		findings.push(...extra.map(extraFinding));
	}
	if (mode === 'structure') return findings;

	const waiting = functions.values();
	const lane = async (): Promise<void> => {
		for (const entry of waiting) {
			signal.throwIfAborted();
			const other = present.get(entry.slug);
			if (!other || hasSameBundle(entry, other)) continue;
			const finding = await fileFinding(context, entry, other);
			if (finding) findings.push(finding);
		}
	};
	await Promise.all(Array.from({ length: LANES }, lane));
	return findings.sort((left, right) => (left.object < right.object ? -1 : 1));
}

function settingFindings(
	source: DeployedFunction,
	target: DeployedFunction | undefined,
): Finding[] {
	const object = source.slug;
	if (!target) {
		return [{ severity: 'failed', object, expected: 'deployed', found: 'missing', fix: FIX }];
	}
	const shown = ({ name, verify_jwt }: DeployedFunction): string[] => [
		`name: ${name}`,
		`verify_jwt: ${verify_jwt}`,
	];
	const found = shown(target);
	return shown(source).flatMap((expected, index): Finding[] =>
		expected === found[index]
			? []
			: [{ severity: 'failed', object, expected, found: found[index] ?? '', fix: FIX }],
	);
}

const extraFinding = (slug: string): Finding => ({
	severity: 'warning',
	object: slug,
	expected: 'no such function',
	found: 'deployed on the target only',
	fix: FIX,
});

async function fileFinding(
	{ source, target }: ReadContext,
	entry: DeployedFunction,
	other: DeployedFunction,
): Promise<Finding | undefined> {
	const object = entry.slug;
	try {
		const files = await downloadSource(source.api, entry);
		if (await isSameSource({ source, target }, { source: entry, target: other }, files)) return;
		return { severity: 'failed', object, expected: 'same files', found: 'other files', fix: FIX };
	} catch (error) {
		if (!(error instanceof TwinsError) || concernsAll(error)) throw error;
		const found = `not comparable: ${error.message}`;
		return { severity: 'warning', object, expected: 'same files', found, fix: error.fix };
	}
}
