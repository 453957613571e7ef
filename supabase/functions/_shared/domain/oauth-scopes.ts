// What the OAuth app of an installation has to be allowed, and what for. Scopes belong to the app: Supabase asks the
// user for all of them, whatever is cloned later. Source: the vendor's OpenAPI document (`x-oauth-scope`).

export interface OAuthScope {
	/** As the Management API names it. */
	readonly scope: string;
	readonly why: string;
}

export const OAUTH_SCOPES: readonly OAuthScope[] = [
	{ scope: 'organizations:read', why: 'shows to which organization a project belongs' },
	{ scope: 'projects:read', why: 'lists your projects, and whether they are healthy' },
	{ scope: 'database:read', why: 'finds the address of the connection pooler' },
	{ scope: 'database:write', why: 'opens databases by a temporary login; the source is only read' },
	{
		scope: 'secrets:read',
		why: 'reads the API keys that files are copied with, and names of secrets',
	},
	{ scope: 'edge_functions:read', why: 'reads edge functions' },
	{ scope: 'edge_functions:write', why: 'deploys edge functions to the target' },
	{ scope: 'auth:read', why: 'reads the settings of Auth' },
	{ scope: 'auth:write', why: 'writes the settings of Auth to the target' },
	{ scope: 'rest:read', why: 'reads the settings of the Data API' },
	{ scope: 'rest:write', why: 'writes the settings of the Data API to the target' },
];

/** What no scope reaches: an access token does. */
export const BEYOND_OAUTH: readonly string[] = ['settings of Storage', 'settings of Realtime'];
