// What seeding needs of a stack: a part of stack.json, so that it works on any Supabase.
export interface SampleProject {
	/** 20 lower-case letters. */
	readonly ref: string;
	readonly url: string;
	readonly secret_key: string;
	/** Role postgres. */
	readonly db_url: string;
}

export interface SampleStack {
	readonly management_api_url: string;
	readonly access_token: string;
	readonly projects: readonly SampleProject[];
}
