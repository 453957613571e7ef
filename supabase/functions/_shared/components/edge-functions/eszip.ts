// The form in which a bundle is uploaded: "EZBR", then the eszip under brotli. Brotli allows blocks that are
// stored as they are, so nothing is compressed here: no CPU, no library, and the bytes stay checkable.
// https://www.rfc-editor.org/rfc/rfc7932#section-9.2

const MAGIC = new TextEncoder().encode('EZBR');
const BLOCK_BYTES = 65_536;
const HEADER_BYTES = 3;

/** The upload of a bundle as downloaded: an eszip, or one that already has the form. */
export function uploadForm(bundle: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
	if (MAGIC.every((byte, index) => bundle[index] === byte)) return bundle;
	const blocks = Math.ceil(bundle.length / BLOCK_BYTES);
	const upload = new Uint8Array(MAGIC.length + bundle.length + blocks * HEADER_BYTES + 1);
	upload.set(MAGIC, 0);
	let position = MAGIC.length;
	for (let block = 0; block < blocks; block += 1) {
		const content = bundle.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
		upload.set(blockHeader(content.length, block === 0), position);
		upload.set(content, position + HEADER_BYTES);
		position += HEADER_BYTES + content.length;
	}
	// Last block, empty. Before it, an empty stream still owes the window size.
	upload[position] = blocks === 0 ? 0b110 : 0b11;
	return upload;
}

/** Not last, four nibbles of length, uncompressed; the first one is preceded by the bit of a 64 kB window. */
function blockHeader(length: number, isFirst: boolean): Uint8Array {
	const bits = ((length - 1) << 3) | (1 << 19);
	const shifted = isFirst ? bits << 1 : bits;
	return Uint8Array.of(shifted & 0xff, (shifted >> 8) & 0xff, (shifted >> 16) & 0xff);
}
