// What an installation of the control project sets itself: keys of its functions, and the demo's user. Made once.

import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import * as z from 'zod/mini';
import { readJson, writePrivately } from '../supabase/private-file.ts';

const secrets = z.object({
	encryptionKey: z.string(),
	workerSecret: z.string(),
	oauthSecret: z.string(),
	user: z.object({ email: z.string(), password: z.string() }),
});

export type ControlSecrets = Readonly<z.infer<typeof secrets>>;

export const SECRETS_FILE = 'secrets.json';

/** Reads them from `home`, or makes and stores new ones. */
export function loadSecrets(home: string): ControlSecrets {
	const file = path.join(home, SECRETS_FILE);
	const stored = readJson(file);
	if (stored !== undefined) return secrets.parse(stored);
	const made = {
		encryptionKey: randomBytes(32).toString('base64'),
		workerSecret: randomBytes(24).toString('hex'),
		oauthSecret: randomBytes(24).toString('hex'),
		user: { email: 'demo@twins.test', password: randomBytes(9).toString('base64url') },
	};
	writePrivately(file, JSON.stringify(made, null, '\t'));
	return made;
}
