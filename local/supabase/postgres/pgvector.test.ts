import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { buildVector } from './pgvector.ts';

afterEach(() => vi.unstubAllEnvs());

test('a machine that cannot build pgvector goes without, knows why, and does not try on every start', () => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pgvector-'));
	try {
		vi.stubEnv('PATH', dir);
		expect(buildVector(dir, 15)).toBeNull();
		expect(buildVector(dir, 16)).toBeNull();
		expect(fs.readFileSync(path.join(dir, 'pgvector-15.failed'), 'utf8')).toMatch(/apt-get ENOENT/);
		expect(fs.readFileSync(path.join(dir, 'pgvector-16.failed'), 'utf8')).toMatch(/PostgreSQL 16/);
		const tool = path.join(dir, 'apt-get');
		fs.writeFileSync(tool, `#!/bin/sh\n: > ${dir}/called\nexit 1\n`, { mode: 0o755 });
		expect(buildVector(dir, 15)).toBeNull();
		expect(fs.readdirSync(dir).sort()).toEqual([
			'apt-get',
			'pgvector-15.failed',
			'pgvector-16.failed',
		]);
		const yesterday = Date.now() / 1000 - 25 * 3600;
		fs.utimesSync(path.join(dir, 'pgvector-15.failed'), yesterday, yesterday);
		expect(buildVector(dir, 15)).toBeNull();
		expect(fs.existsSync(path.join(dir, 'called'))).toBe(true);
	} finally {
		fs.rmSync(dir, { recursive: true, force: true });
	}
});
