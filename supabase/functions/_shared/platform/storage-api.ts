// The Storage API of one project, with its secret key. Bodies are streams; nothing is held in memory.

export interface StorageApi {
	/** Request below <project url>/storage/v1. Throws TwinsError storage_refused on 4xx, passing errors on 5xx. */
	fetch(
		method: string,
		path: string,
		init?: { headers?: Record<string, string>; body?: BodyInit; signal?: AbortSignal },
	): Promise<Response>;
}
