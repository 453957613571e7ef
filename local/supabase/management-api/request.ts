// A request as the routes see it: the operation, the project, and a body that has been read and checked.
import type { IncomingMessage } from 'node:http';
import type { LocalProject } from '../project.ts';
import type { Account } from './accounts.ts';
import { ApiRefusal } from './answers.ts';
import type { Operation } from './contract.ts';
import { type Form, readForm } from './multipart.ts';
import type { ProjectState } from './state.ts';

export interface Body {
	readonly contentType: string;
	/** Parsed JSON, or what the contract sees of a form; undefined for bytes. */
	readonly json: unknown;
	readonly form?: Form;
	readonly bytes: Buffer;
}

export interface AccountCall {
	readonly operation: Operation;
	readonly account: Account;
	readonly query: URLSearchParams;
	readonly headers: IncomingMessage['headers'];
	readonly body: Body;
	/** Projects that the account reaches. */
	readonly projects: readonly LocalProject[];
	readonly stateOf: (project: LocalProject) => ProjectState;
}

export interface ProjectCall extends AccountCall {
	readonly project: LocalProject;
	readonly state: ProjectState;
}

/** 20 MB bundles, with room for the framing. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Reads the whole body. Refuses (400) what is not of its content type. */
export async function readRequestBody(request: IncomingMessage): Promise<Body> {
	const bytes = await readBytes(request);
	const header = request.headers['content-type'] ?? '';
	const contentType = (header.split(';')[0] ?? '').trim().toLowerCase();
	if (contentType === 'multipart/form-data') {
		const form = await readForm(header, bytes);
		const json = { file: form.files.map(({ path }) => path), metadata: form.metadata };
		return { contentType, json, form, bytes };
	}
	if (contentType === 'application/x-www-form-urlencoded') {
		const fields = Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
		return { contentType, json: fields, bytes };
	}
	if (contentType !== 'application/json') return { contentType, json: '', bytes };
	try {
		return { contentType, json: JSON.parse(bytes.toString('utf8')), bytes };
	} catch {
		throw new ApiRefusal(400, 'Request body is not valid JSON');
	}
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of request) {
		const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
		length += bytes.length;
		if (length > MAX_BODY_BYTES) throw new ApiRefusal(413, 'request entity too large');
		chunks.push(bytes);
	}
	return Buffer.concat(chunks);
}
