import { describe, expect, it } from 'vitest';
import { createStorageApi } from './storage-api.ts';

const SECRET = 'sb_secret_very_secret_value';
const api = (answer: () => Response, more = {}) =>
	createStorageApi({
		url: 'https://x.supabase.co',
		secretKey: SECRET,
		fetch: async () => answer(),
		...more,
	});

describe('the Storage API', () => {
	it('takes the status from the body, where the service hides it behind 400', async () => {
		const body = { statusCode: '413', error: 'Payload too large', message: 'too large' };
		await expect(
			api(() => Response.json(body, { status: 400 })).fetch('POST', '/object/b/a'),
		).rejects.toMatchObject({
			code: 'storage_refused',
			message: 'Storage answered POST /object/b/a with 413: too large',
			fix: expect.stringContaining('file size limit'),
			details: { httpStatus: 413, passing: false },
		});
	});

	it('calls trouble of the server passing, and says how long to wait', async () => {
		const busy = () => new Response('busy', { status: 503, headers: { 'retry-after': '7' } });
		await expect(api(busy).fetch('GET', '/bucket')).rejects.toMatchObject({
			code: 'api_unavailable',
			details: { httpStatus: 503, passing: true, retryAfter: 7 },
		});
		const many = () => Response.json({ message: 'slow down' }, { status: 429 });
		await expect(api(many).fetch('GET', '/bucket')).rejects.toMatchObject({
			code: 'rate_limited',
			details: { passing: true },
		});
	});

	it('never shows its key, whatever the service or the network answers', async () => {
		const echo = () => new Response(`no such key ${SECRET}`, { status: 403 });
		const broken = () => {
			throw new TypeError(`cannot send ${SECRET}`);
		};
		for (const answer of [echo, broken]) {
			const error = await api(answer)
				.fetch('GET', '/bucket')
				.catch((thrown: unknown) => thrown);
			expect(String(error)).not.toContain(SECRET);
			expect(String(error)).toContain('[hidden]');
		}
	});

	it('refuses to write to a source', async () => {
		const source = api(() => new Response(), { readOnly: true });
		await expect(source.fetch('POST', '/object/b/a')).rejects.toMatchObject({ code: 'internal' });
		expect((await source.fetch('GET', '/object/b/a')).status).toBe(200);
	});
});
