// What switching database webhooks on does to a project: the superuser runs this text.

import * as fs from 'node:fs';
import * as path from 'node:path';

export const ENABLE_WEBHOOKS = fs.readFileSync(
	path.join(import.meta.dirname, 'database/webhooks.sql'),
	'utf8',
);
