// Forms of edge function files: reading what is deployed, writing what is downloaded. Bytes throughout.
import { randomUUID } from 'node:crypto';
import busboy from 'busboy';
import { ApiRefusal } from './answers.ts';

export interface FormFile {
	readonly path: string;
	readonly bytes: Buffer;
}

export interface Form {
	readonly metadata: unknown;
	readonly files: readonly FormFile[];
}

/** Reads a deploy form: part `metadata` (JSON) and parts `file`. Refuses (400) anything else. */
export function readForm(contentType: string, bytes: Buffer): Promise<Form> {
	return new Promise((resolve, reject) => {
		const files: FormFile[] = [];
		let metadata: unknown;
		const refuse = (reason: string): void => reject(new ApiRefusal(400, reason));
		try {
			const parser = busboy({
				headers: { 'content-type': contentType },
				// Paths are what tells the files apart, and they are UTF-8.
				preservePath: true,
				defParamCharset: 'utf8',
				limits: { fieldSize: 1024 * 1024 },
			});
			parser.on('file', (name, stream, { filename }) => {
				const chunks: Buffer[] = [];
				stream.on('data', (chunk: Buffer) => chunks.push(chunk));
				stream.on('end', () => {
					const content = Buffer.concat(chunks);
					if (name === 'metadata') metadata = parseMetadata(content.toString('utf8'), refuse);
					else if (name === 'file') files.push({ path: filename ?? '', bytes: content });
					else refuse(`unexpected part ${name}`);
				});
			});
			parser.on('field', (name, value) => {
				if (name === 'metadata') metadata = parseMetadata(value, refuse);
				else refuse(`unexpected field ${name}`);
			});
			parser.on('error', (error) => refuse(`malformed multipart body: ${String(error)}`));
			parser.on('close', () => resolve({ metadata, files }));
			parser.end(bytes);
		} catch (error) {
			refuse(`malformed multipart body: ${String(error)}`);
		}
	});
}

function parseMetadata(text: string, refuse: (reason: string) => void): unknown {
	try {
		return JSON.parse(text);
	} catch {
		refuse('metadata is not valid JSON');
		return undefined;
	}
}

/** Writes the form of a download: `metadata`, then one part per file, its path percent-escaped where needed. */
export function writeForm(
	metadata: Readonly<Record<string, unknown>>,
	files: readonly FormFile[],
): { readonly contentType: string; readonly bytes: Buffer } {
	const boundary = `----supabase-local-${randomUUID()}`;
	const parts: Buffer[] = [
		Buffer.from(
			`--${boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n` +
				`Content-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n`,
		),
	];
	for (const { path, bytes } of files) {
		const escaped = path.split('/').map(encodeURIComponent).join('/');
		parts.push(
			Buffer.from(
				`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped}"\r\n` +
					`Content-Type: application/octet-stream\r\n\r\n`,
			),
			bytes,
			Buffer.from('\r\n'),
		);
	}
	parts.push(Buffer.from(`--${boundary}--\r\n`));
	return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.concat(parts) };
}
