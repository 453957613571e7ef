// What the parts of the local stack know of one local project (control, source or target).

export interface LocalProject {
	/** 20 lower-case letters. */
	readonly ref: string;
	readonly name: string;
	/** Base URL of its APIs (gateway), no trailing slash; may contain a path. */
	readonly url: string;
	readonly port: number;
	/** Role postgres: what users and the product get. */
	readonly dbUrl: string;
	/** Superuser supabase_admin: what platform services use. Never given out. */
	readonly adminUrl: string;
	/** `sb_publishable_…` and `sb_secret_…`. */
	readonly publishableKey: string;
	readonly secretKey: string;
	/** Legacy JWT keys (HS256 with jwtSecret). */
	readonly anonKey: string;
	readonly serviceRoleKey: string;
	readonly jwtSecret: string;
	/** Private ES256 JWK, with kid, that signs users' tokens. */
	readonly signingKey: Readonly<Record<string, unknown>>;
	/** Folder for the bytes of Storage objects. */
	readonly storageDir: string;
	/** Folder for the files of deployed edge functions. */
	readonly functionsDir: string;
}

/** One HTTP service of the gateway. `path` is what follows the service's prefix (e.g. after /auth/v1). */
export interface Shim {
	handle(
		request: import('node:http').IncomingMessage,
		response: import('node:http').ServerResponse,
		path: string,
	): Promise<void>;
	/** WebSocket upgrade, where the service has one. */
	upgrade?(
		request: import('node:http').IncomingMessage,
		socket: import('node:stream').Duplex,
		head: Buffer,
		path: string,
	): void;
	close(): Promise<void>;
}
