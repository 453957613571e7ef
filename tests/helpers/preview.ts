// Previews by the real path, as the page asks for them.
import { expect } from 'vitest';
import type { DemoSession } from '../../local/demo/session.ts';
import type { StackFile } from '../../local/demo/stack-file.ts';

/** A preview of the two sample projects, when it has ended. */
export async function runPreview(
	{ supabase, accountId }: DemoSession,
	{ projects: [source, target] }: Pick<StackFile, 'projects'>,
): Promise<{ status: string; result: unknown }> {
	const started = await supabase.rpc('start_preview', {
		source_account_id: accountId,
		source_ref: source?.ref,
		target_account_id: accountId,
		target_ref: target?.ref,
	});
	const read = async () => {
		const { data } = await supabase.from('previews').select('*').eq('id', started.data.id);
		return data?.[0];
	};
	await expect
		.poll(async () => (await read())?.finished_at, { timeout: 120_000, interval: 300 })
		.toBeTruthy();
	return read();
}
