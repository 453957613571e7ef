// Cuts the text of a COPY at ends of rows into parts, and compresses each as a gzip file of its own: any one of them
// can be read without the others, and all of them in a row are the whole table.

const NEWLINE = 0x0a;

export interface PartWriter {
	/** The bytes are copied: the caller may use their memory again. */
	write(bytes: Uint8Array): Promise<void>;
	/** Gives what is left to `put`. */
	end(): Promise<void>;
}

/**
 * `put` is given each part, compressed; the next part is filled while it is at work, and no third one. `partBytes`:
 * uncompressed size at which a part ends with the row. Within the text format a line break is always the end of a row.
 */
export function createPartWriter(
	partBytes: number,
	put: (part: Uint8Array<ArrayBuffer>) => Promise<void>,
): PartWriter {
	let open: ReturnType<typeof startGzip> | undefined;
	let filled = 0;
	let putting: Promise<void> = Promise.resolve();
	const add = async (bytes: Uint8Array): Promise<void> => {
		if (bytes.length === 0) return;
		open ??= startGzip();
		filled += bytes.length;
		await open.write(bytes.slice());
	};
	const closePart = async (): Promise<void> => {
		const part = await open?.end();
		open = undefined;
		filled = 0;
		await putting;
		if (part) putting = put(part);
		// Awaited with the next part; a failure must not be unhandled until then.
		putting.catch(() => undefined);
	};
	return {
		async write(bytes) {
			const end = filled + bytes.length < partBytes ? 0 : bytes.lastIndexOf(NEWLINE) + 1;
			if (end > 0) {
				await add(bytes.subarray(0, end));
				await closePart();
			}
			await add(bytes.subarray(end));
		},
		async end() {
			if (open) await closePart();
			await putting;
		},
	};
}

function startGzip() {
	const stream = new CompressionStream('gzip');
	const writer = stream.writable.getWriter();
	const compressed = new Response(stream.readable).arrayBuffer();
	return {
		write: (bytes: Uint8Array<ArrayBuffer>): Promise<void> => writer.write(bytes),
		async end(): Promise<Uint8Array<ArrayBuffer>> {
			await writer.close();
			return new Uint8Array(await compressed);
		},
	};
}
