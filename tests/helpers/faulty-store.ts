// A proxy in front of an S3 store that answers some requests by itself.
import * as http from 'node:http';

export interface Fault {
	readonly method: 'PUT' | 'GET' | 'POST';
	/** Only requests whose path has this in it. */
	readonly of?: string;
	/** Requests that go through before. */
	readonly from: number;
	/** How many are answered so. */
	readonly times: number;
	/** `cut`: the connection is closed; `hold`: no answer comes. */
	readonly status: number | 'cut' | 'hold';
	/** S3's name of the error. */
	readonly code?: string;
}

export interface FaultyStore {
	readonly endpoint: string;
	/** Resolves once a request was answered wrongly. */
	readonly faulted: Promise<void>;
	close(): Promise<void>;
}

export async function openFaultyStore(behind: string, fault: Fault): Promise<FaultyStore> {
	const { from, times, status, code = '' } = fault;
	const { hostname, port } = new URL(behind);
	let seen = 0;
	let noted: () => void = () => undefined;
	const faulted = new Promise<void>((resolve) => (noted = resolve));
	const server = http.createServer((request, response) => {
		const isMeant = request.method === fault.method && request.url?.includes(fault.of ?? '');
		const number = isMeant ? seen++ : -1;
		if (number < from || number >= from + times) {
			const forward = http.request(
				// The signature is of this host.
				{ hostname, port, path: request.url, method: request.method, headers: request.headers },
				(answer) => {
					response.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(response);
				},
			);
			forward.on('error', () => response.destroy());
			request.pipe(forward);
			return;
		}
		noted();
		if (status === 'cut') request.socket.destroy();
		else if (status !== 'hold') {
			request.resume().on('end', () => {
				response.writeHead(status, { 'content-type': 'application/xml' });
				response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
			});
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const own = typeof address === 'object' && address !== null ? address.port : 0;
	return {
		endpoint: `http://127.0.0.1:${own}`,
		faulted,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
