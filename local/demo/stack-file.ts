// stack.json: where a running stack can be reached, and with which keys. The public contract of the local stack;
// the same file made for a hosted or Docker stack serves the tests as well.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { writePrivately } from '../supabase/private-file.ts';

export interface StackFile {
	readonly web_url: string;
	readonly control: {
		readonly url: string;
		readonly publishable_key: string;
		readonly secret_key: string;
		readonly db_url: string;
	};
	readonly management_api_url: string;
	readonly access_token: string;
	/** Root certificate of the session pooler, PEM. */
	readonly database_ca: string;
	readonly s3: {
		readonly endpoint: string;
		readonly access_key_id: string;
		readonly secret_access_key: string;
		readonly bucket: string;
		readonly region: string;
	};
	/** The first is the source sample, the second an empty target. */
	readonly projects: readonly {
		readonly ref: string;
		readonly name: string;
		readonly url: string;
		readonly secret_key: string;
		readonly db_url: string;
	}[];
	readonly user: { readonly email: string; readonly password: string };
}

export const stackFilePath = (home: string): string => path.join(home, 'stack.json');

export function writeStackFile(home: string, stack: StackFile): void {
	writePrivately(stackFilePath(home), `${JSON.stringify(stack, null, '\t')}\n`);
}

/** Throws when there is none. */
export function readStackFile(file: string): StackFile {
	return JSON.parse(fs.readFileSync(file, 'utf8')) as StackFile;
}

export function removeStackFile(home: string): void {
	fs.rmSync(stackFilePath(home), { force: true });
}
