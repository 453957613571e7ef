// The first packet of a Postgres connection: reading it, and writing it again with another user.

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const PROTOCOL_3_0 = 196608;

export type Startup =
	| { readonly kind: 'encryption'; readonly isTls: boolean }
	| { readonly kind: 'cancel' }
	| { readonly kind: 'start'; readonly parameters: ReadonlyMap<string, string> };

/** Length in bytes of the packet that begins the buffer, or null while fewer than four bytes are there. */
export const startupLength = (buffer: Buffer): number | null =>
	buffer.length < 4 ? null : buffer.readInt32BE(0);

/** Null for anything that is no startup packet of protocol 3. */
export function parseStartup(packet: Buffer): Startup | null {
	const code = packet.readInt32BE(4);
	if (code === SSL_REQUEST || code === GSS_REQUEST) {
		return { kind: 'encryption', isTls: code === SSL_REQUEST };
	}
	if (code === CANCEL_REQUEST) return { kind: 'cancel' };
	if (code >>> 16 !== PROTOCOL_3_0 >>> 16) return null;
	const fields = packet.toString('utf8', 8).split('\0');
	const parameters = new Map<string, string>();
	for (let index = 0; index + 1 < fields.length; index += 2) {
		const name = fields[index];
		if (name === undefined || name === '') break;
		parameters.set(name, fields[index + 1] ?? '');
	}
	return { kind: 'start', parameters };
}

/** `role.ref`; a ref has no dots, a role may. Without a dot there is no ref. */
export function splitUser(user: string): { role: string; ref: string } {
	const dot = user.lastIndexOf('.');
	return dot < 0 ? { role: user, ref: '' } : { role: user.slice(0, dot), ref: user.slice(dot + 1) };
}

/** The same startup packet for another user. */
export function rewriteStartup(parameters: ReadonlyMap<string, string>, user: string): Buffer {
	const fields = [...parameters].map(([name, value]) => [name, name === 'user' ? user : value]);
	const body = Buffer.from(`${fields.flat().join('\0')}\0\0`, 'utf8');
	const head = Buffer.alloc(8);
	head.writeInt32BE(body.length + 8, 0);
	head.writeInt32BE(PROTOCOL_3_0, 4);
	return Buffer.concat([head, body]);
}

/** A fatal error as the server would send it. */
export function errorResponse(sqlstate: string, message: string): Buffer {
	const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message}\0\0`, 'utf8');
	const head = Buffer.alloc(5);
	head.write('E');
	head.writeInt32BE(fields.length + 4, 1);
	return Buffer.concat([head, fields]);
}
