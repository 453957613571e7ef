/** A JSON answer with the headers that every function of the shop sends. */
export function reply(status: number, body: unknown): Response {
	return new Response(JSON.stringify(body), {
		status,
		headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
	});
}
