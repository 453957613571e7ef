// The settings of this installation, from environment variables. Read once, at the edge functions'
// entry; nothing else looks at the environment.
import { TwinsError } from '../domain/errors.ts';
import type { MailServer } from './mail.ts';
import type { Destination } from './object-store.ts';
import type { TlsMode } from './postgres/index.ts';
import { importTokenKeys, type TokenKeys } from './vault.ts';

/** The OAuth app that an installation has registered with Supabase. */
export interface OAuthApp {
	readonly clientId: string;
	readonly clientSecret: string;
	/** Page of the web app to which Supabase sends users back; registered with the app, letter by letter. */
	readonly redirectUrl: string;
}

export interface Environment {
	/** Control project: base URL, publishable key, and its database, directly or behind a pooler of transactions. */
	readonly controlUrl: string;
	readonly controlPublishableKey: string;
	readonly controlDbUrl: string;
	readonly tokenKeys: TokenKeys;
	/** What wakes workers must know; at least 24 characters. */
	readonly workerSecret: string;
	readonly managementApiUrl: string;
	/** Null: accounts are connected with access tokens only. */
	readonly oauthApp: OAuthApp | null;
	/** Base URL of a project's APIs. */
	projectUrl(ref: string): string;
	/** Where users open the web app, for links in messages; null: messages have none. */
	readonly webUrl: string | null;
	/** Null: nobody is notified by mail. */
	readonly mailServer: MailServer | null;
	/** Notifications may go to private networks and over http. For local stacks only. */
	readonly notifiesPrivateAddresses: boolean;
	/** Where backups of users go that have saved no destination of their own; null: nowhere. */
	readonly ownStore: Destination | null;
	/** Stores of users may be in private networks and reached over http. For local stacks only. */
	readonly storesAtPrivateAddresses: boolean;
	/** How databases of projects are reached. Anything but `verify` is for local stacks. */
	readonly databaseTls: TlsMode;
	/** A root certificate (PEM) besides Supabase's that databases may have, also the control database; null when there is none. */
	readonly databaseCa: string | null;
}

type Variables = (name: string) => string | undefined;

/** Throws `internal`, naming the variable, when a required one is missing or malformed. */
export async function readEnvironment(variables: Variables): Promise<Environment> {
	const required = (name: string): string => {
		const value = variables(name);
		if (value) return value;
		throw new TwinsError(
			'internal',
			`The environment variable ${name} is not set`,
			`Set it with: supabase secrets set ${name}=…`,
		);
	};
	const workerSecret = required('TWINS_WORKER_SECRET');
	if (workerSecret.length < 24) {
		throw new TwinsError(
			'internal',
			'TWINS_WORKER_SECRET is shorter than 24 characters',
			'Make one with: openssl rand -hex 24',
		);
	}
	const template = variables('TWINS_PROJECT_URL') ?? 'https://{ref}.supabase.co';
	return {
		controlUrl: required('SUPABASE_URL'),
		controlPublishableKey: publishableKey(variables),
		controlDbUrl: variables('TWINS_CONTROL_DB_URL') ?? required('SUPABASE_DB_URL'),
		tokenKeys: await importTokenKeys(
			variables('TWINS_ENCRYPTION_KEY_ID') ?? 'default',
			required('TWINS_ENCRYPTION_KEY'),
			parseObject(variables('TWINS_ENCRYPTION_KEYS_PREVIOUS') ?? '{}'),
		),
		workerSecret,
		managementApiUrl: variables('TWINS_MANAGEMENT_API_URL') ?? 'https://api.supabase.com',
		oauthApp:
			variables('TWINS_OAUTH_CLIENT_ID') === undefined
				? null
				: {
						clientId: required('TWINS_OAUTH_CLIENT_ID'),
						clientSecret: required('TWINS_OAUTH_CLIENT_SECRET'),
						redirectUrl: required('TWINS_OAUTH_REDIRECT_URL'),
					},
		projectUrl: (ref) => template.replace('{ref}', ref),
		webUrl: webUrl(variables),
		mailServer:
			variables('TWINS_SMTP_URL') === undefined
				? null
				: { url: required('TWINS_SMTP_URL'), from: required('TWINS_MAIL_FROM') },
		notifiesPrivateAddresses: variables('TWINS_NOTIFY_PRIVATE_ADDRESSES') === 'allow',
		ownStore:
			variables('TWINS_S3_BUCKET') === undefined
				? null
				: {
						endpoint: variables('TWINS_S3_ENDPOINT') ?? null,
						region: required('TWINS_S3_REGION'),
						bucket: required('TWINS_S3_BUCKET'),
						prefix: '',
						accessKeyId: required('TWINS_S3_ACCESS_KEY_ID'),
						secretAccessKey: required('TWINS_S3_SECRET_ACCESS_KEY'),
					},
		storesAtPrivateAddresses: variables('TWINS_STORE_PRIVATE_ADDRESSES') === 'allow',
		databaseTls: variables('TWINS_DATABASE_TLS') === 'off' ? 'off' : 'verify',
		databaseCa: variables('TWINS_DATABASE_CA') ?? null,
	};
}

/** The page to which Supabase sends users back is one of the web app. */
function webUrl(variables: Variables): string | null {
	const url = variables('TWINS_WEB_URL') ?? variables('TWINS_OAUTH_REDIRECT_URL');
	return url !== undefined && URL.canParse(url) ? new URL(url).origin : null;
}

/** Projects since 2026 have publishable keys; older ones only the legacy anon key. */
function publishableKey(variables: Variables): string {
	const keys = parseObject(variables('SUPABASE_PUBLISHABLE_KEYS') ?? '{}');
	return Object.values(keys)[0] ?? variables('SUPABASE_ANON_KEY') ?? '';
}

function parseObject(text: string): Record<string, string> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value !== 'object' || value === null) return {};
		return Object.fromEntries(
			Object.entries(value).filter(
				(entry): entry is [string, string] => typeof entry[1] === 'string',
			),
		);
	} catch {
		return {};
	}
}
