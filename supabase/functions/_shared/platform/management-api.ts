// The Management API as the product uses it. Shapes: contracts of the vendor's OpenAPI document.
// (Implementation: see createManagementApi.)

/** Bound to one account's token and one project. Verbs other than GET are refused on a source. */
export interface ManagementApi {
	/** JSON answer of GET /v1/projects/{ref}<path>. Throws TwinsError api_refused / api_unavailable / rate_limited. */
	get<T>(path: string): Promise<T>;
	/** JSON request. `path` is below /v1/projects/{ref}. */
	send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
	/** The raw answer, for bodies that are not JSON. Errors are thrown as above. */
	fetch(
		method: string,
		path: string,
		init?: { headers?: Record<string, string>; body?: BodyInit },
	): Promise<Response>;
}
