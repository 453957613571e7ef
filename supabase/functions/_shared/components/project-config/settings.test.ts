// Holds the tables against the vendor's contract: a field that is new there demands a decision here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
	AUTH_GROUPS,
	AUTH_LEFT_OUT,
	AUTH_READ_ONLY,
	AUTH_SECRETS,
	DATA_API_FIELDS,
	DATA_API_LEFT_OUT,
	type LeftOut,
	REALTIME_FIELDS,
	REALTIME_LEFT_OUT,
	STORAGE_FIELDS,
	STORAGE_LEFT_OUT,
} from './settings.ts';

const CONTRACT = new URL(
	'../../../../../local/supabase/management-api/openapi.json',
	import.meta.url,
);
const { schemas } = JSON.parse(readFileSync(CONTRACT, 'utf8')).components;
const fields = (schema: string): string[] => Object.keys(schemas[schema].properties).sort();
const leftOut = (table: Readonly<Record<string, LeftOut>>): string[] =>
	Object.values(table).flatMap((entry) => entry.fields);

describe('the table of settings', () => {
	it('decides on every Auth field that may be written, once', () => {
		const decided = [
			...Object.values(AUTH_GROUPS).flat(),
			...AUTH_SECRETS,
			...leftOut(AUTH_LEFT_OUT),
		].sort();
		expect(decided).toEqual(fields('UpdateAuthConfigBody'));
	});

	it('knows the Auth fields that can only be read', () => {
		const writable = new Set(fields('UpdateAuthConfigBody'));
		const readOnly = fields('AuthConfigResponse').filter((field) => !writable.has(field));
		expect(AUTH_READ_ONLY).toEqual(expect.arrayContaining(readOnly));
	});

	it('decides on every field of the data API, Realtime and Storage', () => {
		expect([...DATA_API_FIELDS, ...leftOut(DATA_API_LEFT_OUT)].sort()).toEqual(
			fields('V1UpdatePostgrestConfigBody'),
		);
		expect([...REALTIME_FIELDS, ...leftOut(REALTIME_LEFT_OUT)].sort()).toEqual(
			fields('UpdateRealtimeConfigBody'),
		);
		expect(
			[...STORAGE_FIELDS, ...leftOut(STORAGE_LEFT_OUT), 'external'].sort(),
			'external.upstreamTarget is how the platform routes the project',
		).toEqual(fields('UpdateStorageConfigBody'));
	});

	it('sends nothing that looks like a secret', () => {
		const sent = [...Object.values(AUTH_GROUPS).flat(), ...DATA_API_FIELDS];
		expect(sent.filter((field) => /secret|_pass$|_key$|token$/.test(field))).toEqual([]);
	});
});
