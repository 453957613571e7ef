// What every route of the Storage service gets, and how a request is split. No behaviour of its own.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalProject } from '../../project.ts';
import { isRecord, readText } from '../http.ts';
import type { ByteStore } from './bytes.ts';
import type { Caller } from './caller.ts';
import type { Database } from './database.ts';
import { storageErrors } from './errors.ts';

export interface StorageContext {
	readonly project: LocalProject;
	readonly database: Database;
	readonly bytes: ByteStore;
}

export interface StorageRequest {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly method: string;
	/** Decoded parts of the path below /storage/v1. */
	readonly segments: readonly string[];
	readonly query: URLSearchParams;
	/** Who calls; for routes without a key the caller is never asked. */
	caller(): Promise<Caller>;
}

/** Splits by hand: `new URL` would fold `..` and `//`, which are legal in names of objects. */
export function splitPath(target: string): { segments: string[]; query: URLSearchParams } {
	const mark = target.indexOf('?');
	const path = mark < 0 ? target : target.slice(0, mark);
	const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
	try {
		return { segments: path.replace(/^\//, '').split('/').map(decodeURIComponent), query };
	} catch {
		throw storageErrors.invalidParameter('Invalid URL encoding');
	}
}

/** The JSON object of the body; anything else is refused. */
export async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
	const text = await readText(request);
	let body: unknown;
	try {
		body = text === '' ? {} : JSON.parse(text);
	} catch {
		throw storageErrors.invalidParameter('Body is not valid JSON');
	}
	if (!isRecord(body)) throw storageErrors.invalidParameter('body must be object');
	return body;
}
