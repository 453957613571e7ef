// Reads of previews.
import type { ControlClient } from './client.ts';
import { rowsOf } from './rejected.ts';
import type { PreviewRow } from './rows.ts';

/** A preview as it stands; null when there is none. */
export async function readPreview(
	supabase: ControlClient,
	previewId: string,
): Promise<PreviewRow | null> {
	return (
		rowsOf(await supabase.from('previews').select('*').eq('id', previewId).limit(1))[0] ?? null
	);
}
