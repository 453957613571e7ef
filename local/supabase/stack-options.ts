// What a stack is made of: its projects, its folders, and the addresses that its parts share.

import type { OAuthApp } from './management-api/oauth.ts';
import type { ProjectAge } from './postgres/clusters.ts';
import type { LocalProject } from './project.ts';
import type { SupervisorLock } from './supervisor-lock.ts';

/** Edge functions whose code is on this machine. */
export interface OwnFunctions {
	/** Folder with one folder per function. */
	readonly dir: string;
	/** Most processes of a function, by its name; one where nothing is said. */
	readonly children: Readonly<Record<string, number>>;
	/** A change of the code takes effect at once. */
	readonly watch: boolean;
	/** Their secrets. */
	env(addresses: Addresses): Readonly<Record<string, string>>;
}

export interface ProjectOptions {
	/** Unique in the stack; also the name of its folders. */
	readonly name: string;
	/** As people see it. */
	readonly title: string;
	readonly age: ProjectAge;
	/**
	 * True: a project of the account that the Management API answers for, served below `/<ref>` of a shared port.
	 * False: a project on its own, at the root of a port of its own.
	 */
	readonly belongsToAccount: boolean;
	/** Without: those that are deployed to it through the Management API. */
	readonly functions?: OwnFunctions;
}

export interface SupabaseOptions {
	/** Folder of this stack: keys, logs, files. */
	readonly home: string;
	/** Folder of its databases: the user that the servers run as must be able to enter it. */
	readonly databases: string;
	/** Folder of the template that all stacks share. */
	readonly templates: string;
	readonly projects: readonly ProjectOptions[];
	/** Name of the bucket in the S3 store. */
	readonly bucket: string;
	/** What edge functions without a deno.json of their own run with; `readable`: further folders they may read. */
	readonly deno: { readonly config: string; readonly readable: readonly string[] };
	/** OAuth apps that the Management API knows. */
	oauthApps?(addresses: Addresses): readonly OAuthApp[];
	/** `warn` only reports edge functions that go beyond the hosted limits. */
	readonly enforcement: 'fail' | 'warn';
	/** Services of the stack's user that need a port which stays the same. */
	readonly ports: readonly string[];
	/** False for tests: databases without fsync. */
	readonly durable: boolean;
	/** Forget everything of an earlier stack in these folders. */
	readonly reset: boolean;
	/** For error messages: how people begin anew. */
	readonly resetHint: string;
	/** Held by the caller, released when the stack has stopped. */
	readonly lock: SupervisorLock;
	/** Ends the start early; what is up by then is stopped again. */
	readonly signal?: AbortSignal;
	/** Called when the databases are up and nothing else uses them yet: for migrations. */
	prepare?(project: (name: string) => LocalProject): Promise<void>;
	report(line: string): void;
}

/** How what runs on the stack reaches what all projects share. */
export interface Addresses {
	/** Root certificate of the session pooler, PEM. */
	readonly databaseCa: string;
	readonly managementApiUrl: string;
	readonly accessToken: string;
	/** Of `ports` in the stack's options. */
	ownUrl(service: string): string;
	/** Base URL of a project of the account, with `{ref}` in the place of its ref. */
	readonly projectUrl: string;
	readonly s3: {
		readonly endpoint: string;
		readonly accessKeyId: string;
		readonly secretAccessKey: string;
		readonly bucket: string;
		readonly region: string;
	};
}
