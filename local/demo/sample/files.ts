// The sample's buckets and files, uploaded with the official client. Contents follow from the names, so that
// every seeding gives the same bytes.
import { createCipheriv, createHash } from 'node:crypto';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import type { SampleProject } from './stack.ts';

interface SampleFile {
	readonly bucket: string;
	readonly name: string;
	readonly type: string;
	readonly bytes: Buffer;
	readonly metadata?: Readonly<Record<string, string>>;
	/** Hosted Storage allows fewer characters in names than self-hosted does. */
	readonly mayBeRefused?: boolean;
}

const MANUAL_BYTES = 15 * 1024 * 1024;

const BUCKETS = [
	{ id: 'products', public: true, fileSizeLimit: '5MB', allowedMimeTypes: ['image/*'] },
	{ id: 'avatars', public: true, fileSizeLimit: '1MB', allowedMimeTypes: ['image/svg+xml'] },
	{ id: 'invoices', public: false },
	{ id: 'manuals', public: false, fileSizeLimit: '50MB' },
	{ id: 'empty bucket', public: false },
] as const;

const userId = (number: number) => {
	const hex = createHash('md5').update(`user ${number}`).digest('hex');
	const id = `${hex.slice(0, 12)}4${hex.slice(13, 16)}8${hex.slice(17)}`;
	return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** Bytes that look random but follow from the seed. */
function noise(seed: string, length: number): Buffer {
	const key = createHash('md5').update(seed).digest();
	return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

function picture(text: string): Buffer {
	const hue = createHash('md5').update(text).digest().readUInt8(0);
	return Buffer.from(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="hsl(${hue} 60% 50%)"/><text x="4" y="36">${text}</text></svg>\n`,
	);
}

function sampleFiles(): SampleFile[] {
	const counted = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
	return [
		...counted(32).map((number) => ({
			bucket: 'products',
			name: `catalog/${String(number).padStart(4, '0')}/front.svg`,
			type: 'image/svg+xml',
			bytes: picture(`product ${number}`),
			metadata: { product: String(number), 'alt text': 'Vorderseite' },
		})),
		...counted(14).map((number) => ({
			bucket: 'avatars',
			name: `${userId(number)}/avatar.svg`,
			type: 'image/svg+xml',
			bytes: picture(`user ${number}`),
		})),
		...counted(6).map((number) => ({
			bucket: 'invoices',
			name: `2026/0${number}/invoice ${number} (copy).pdf`,
			type: 'application/pdf',
			bytes: noise(`invoice ${number}`, 20_000 * number),
		})),
		...[
			'März/Rechnung №1 – Müller.txt',
			'100% wool.txt',
			'50%25 off.txt',
			'日本語/領収書 🧾.txt',
		].map((name) => ({
			bucket: 'invoices',
			name: `2026/${name}`,
			type: 'text/plain; charset=utf-8',
			bytes: Buffer.from(`Contents of ${name}\n`),
			mayBeRefused: true,
		})),
		{
			bucket: 'invoices',
			name: "2026/what's $5 + tax = @6?.json",
			type: 'application/json',
			bytes: Buffer.from('{"total": 6}'),
		},
		{
			bucket: 'invoices',
			name: '2027/.emptyFolderPlaceholder',
			type: 'application/octet-stream',
			bytes: Buffer.alloc(0),
		},
		{
			bucket: 'manuals',
			name: 'tents/all-weather.bin',
			type: 'application/octet-stream',
			bytes: noise('manual', MANUAL_BYTES),
			metadata: { pages: '412' },
		},
	];
}

async function makeBuckets(supabase: SupabaseClient): Promise<void> {
	const { data: existing, error } = await supabase.storage.listBuckets();
	if (error !== null) throw new Error(`The sample's buckets cannot be listed: ${error.message}`);
	for (const { id, ...settings } of BUCKETS) {
		if (existing.some((bucket) => bucket.id === id)) continue;
		const created = await supabase.storage.createBucket(id, {
			public: settings.public,
			...('fileSizeLimit' in settings ? { fileSizeLimit: settings.fileSizeLimit } : {}),
			...('allowedMimeTypes' in settings
				? { allowedMimeTypes: [...settings.allowedMimeTypes] }
				: {}),
		});
		if (created.error !== null) throw new Error(`Bucket "${id}": ${created.error.message}`);
	}
}

/** Names go into the address as they are, so what has a meaning there must be escaped. */
const inAddress = (name: string) => name.split('/').map(encodeURIComponent).join('/');

async function upload(supabase: SupabaseClient, file: SampleFile): Promise<void> {
	const { error } = await supabase.storage
		.from(file.bucket)
		.upload(inAddress(file.name), file.bytes, {
			contentType: file.type,
			cacheControl: '86400',
			upsert: false,
			...(file.metadata === undefined ? {} : { metadata: file.metadata }),
		});
	if (error === null) return;
	const isThere = /already exists/i.test(error.message);
	const isRefused = file.mayBeRefused === true && /invalid key/i.test(error.message);
	if (!isThere && !isRefused) throw new Error(`${file.bucket}/${file.name}: ${error.message}`);
}

/** Makes the buckets and uploads the files that are not there yet; about 60 files, 16 MB. */
export async function uploadSampleFiles(project: SampleProject): Promise<void> {
	const supabase = createClient(project.url, project.secret_key, {
		auth: { persistSession: false, autoRefreshToken: false },
	});
	await makeBuckets(supabase);
	for (const file of sampleFiles()) await upload(supabase, file);
}
