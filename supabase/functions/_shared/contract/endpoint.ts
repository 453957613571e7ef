// One endpoint of a clone, the source or the target, as components see it.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { Param, Row, Session } from '../platform/postgres/index.ts';
import type { ManagementApi } from '../platform/supabase/management-api.ts';
import type { StorageApi } from '../platform/supabase/storage-api.ts';

/** Services of Supabase that a component may need of both endpoints. */
export type Service = 'management_api' | 'storage_api';

/** One project of a clone. Connections are opened on first use and closed by the engine after the slice. */
export interface Endpoint {
	readonly role: EndpointRole;
	readonly ref: string;
	/** Base URL of the project's APIs, e.g. https://<ref>.supabase.co, no trailing slash. */
	readonly url: string;
	/** The slice's main connection. The source's is read only (default_transaction_read_only = on). */
	database(): Promise<Session>;
	/** A further connection, for lanes that run side by side. Closed by the engine. */
	connect(): Promise<Session>;
	/** What this endpoint has beside its database: a project given by its database URL has none of it. */
	readonly services: readonly Service[];
	/** Management API with this endpoint's account. On the source, write verbs are refused. */
	readonly api: ManagementApi;
	/** Storage API with the project's secret key. */
	storage(): Promise<StorageApi>;
	/**
	 * The project's API keys in clear, for finding and replacing them in copied text. Never stored or logged. Those
	 * that the account may not see have an empty value.
	 */
	keys(): Promise<readonly { readonly name: string; readonly value: string }[]>;
	/** What stands for its database, where the source is a backup: that has none. */
	readonly kept?: KeptSource;
}

/** What a backup has in place of the database of a source. */
export interface KeptSource {
	/** What a component gave to the backup under a name. */
	read(name: string): Promise<unknown>;
	/** Queries over the tables of Storage, which stand in another schema for the time of the restore. */
	queryStorage(text: string, params: readonly Param[]): Promise<Row[]>;
}

/** Both endpoints of a clone. */
export interface Endpoints {
	readonly source: Endpoint;
	readonly target: Endpoint;
}
