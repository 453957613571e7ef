import { readAccounts } from '#lib/data/accounts.ts';
import { readTwins } from '#lib/data/twins.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals }) => {
	const [twins, accounts] = await Promise.all([
		readTwins(locals.supabase),
		readAccounts(locals.supabase),
	]);
	return {
		// A preview makes its pair known too; a twin is what was cloned at least once.
		twins: twins.filter((twin) => twin.clone_count > 0),
		accounts,
	};
};
