// What the forms about backups do, on each page that lists them.
import { fail, redirect, type RequestEvent } from '@sveltejs/kit';
import { giveKey } from './backups.ts';
import { problemFromDatabase } from './problem.ts';
import { COMPONENT_KEYS } from '#shared/domain/component.ts';
import { isUuid } from './uuid.ts';

type Event = Pick<RequestEvent, 'locals' | 'request'>;

export const backupActions = {
	backUp: async ({ locals, request }: Event) => {
		const form = await request.formData();
		const [accountId = '', ref = ''] = text(form, 'project').split('/');
		const optional = (name: string) =>
			isUuid(text(form, name)) ? { [name]: text(form, name) } : {};
		if (!isUuid(accountId)) {
			return fail(400, {
				problem: { message: 'No project is picked.', fix: 'Pick one of yours.' },
			});
		}
		const { error } = await locals.supabase.rpc('start_backup', {
			account_id: accountId,
			ref,
			options: { ...optional('twin_id'), ...optional('destination_id') },
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
	prove: async ({ locals, request }: Event) => {
		const form = await request.formData();
		const { error } = await locals.supabase.rpc('prove_backup', {
			backup_id: text(form, 'backup_id'),
			mode: text(form, 'mode') === 'whole' ? 'whole' : 'sampled',
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
	remove: async ({ locals, request }: Event) => {
		const { error } = await locals.supabase.rpc('delete_backup', {
			backup_id: text(await request.formData(), 'backup_id'),
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
	restore: async ({ locals, request }: Event) => {
		const form = await request.formData();
		const [accountId = '', ref = ''] = text(form, 'project').split('/');
		const tables = text(form, 'tables')
			.split('\n')
			.map((line) => line.trim())
			.filter((line) => line !== '');
		const wanted = form.getAll('components').map(String);
		const scope = text(form, 'scope');
		if (!isUuid(accountId)) {
			return fail(400, { problem: { message: 'No target is picked.', fix: 'Pick a project.' } });
		}
		if (scope === 'tables' && tables.length === 0) {
			return fail(400, {
				problem: { message: 'No table is named.', fix: 'Name one on each line, as schema.table.' },
			});
		}
		const identity = text(form, 'identity');
		const given = identity === '' ? null : await giveKey(locals.supabase, identity);
		if (given?.problem) return fail(400, { problem: given.problem });
		const { data, error } = await locals.supabase.rpc('start_restore', {
			backup_id: text(form, 'backup_id'),
			target_account_id: accountId,
			target_ref: ref,
			options: {
				...(scope === 'tables' ? { tables } : {}),
				...(scope === 'components'
					? {
							components: Object.fromEntries(
								COMPONENT_KEYS.map((key) => [key, wanted.includes(key)]),
							),
						}
					: {}),
				confirm_target: text(form, 'confirm_target'),
				...(given === null ? {} : { key_id: given.keyId }),
			},
		});
		if (error !== null) return fail(409, { problem: problemFromDatabase(error) });
		redirect(303, `/clones/${data.id}`);
	},
};

function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value.trim() : '';
}
