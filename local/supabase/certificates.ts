// TLS as on the hosted platform: a root of its own that no system knows, and a certificate for 127.0.0.1 signed by it.
// Made once per stack, kept in a file that only the user may read.

import * as path from 'node:path';
import { generate } from 'selfsigned';
import * as z from 'zod/mini';
import { readJson, writePrivately } from './private-file.ts';

const certificatesSchema = z.object({
	/** Root certificate, PEM: what clients have to trust. */
	ca: z.string(),
	key: z.string(),
	cert: z.string(),
});

export type Certificates = Readonly<z.infer<typeof certificatesSchema>>;

export const CERTIFICATES_FILE = 'certificates.json';
const YEARS = 10;

/** The certificates of the stack in `home`, made when there are none. */
export async function loadCertificates(home: string): Promise<Certificates> {
	const file = path.join(home, CERTIFICATES_FILE);
	const stored = certificatesSchema.safeParse(readJson(file));
	if (stored.success) return stored.data;
	const made = await makeCertificates();
	writePrivately(file, JSON.stringify(made, null, '\t'));
	return made;
}

/** A root, and a server's certificate that it has signed, for this address. */
export async function makeCertificates(ip = '127.0.0.1'): Promise<Certificates> {
	const notAfterDate = new Date();
	notAfterDate.setFullYear(notAfterDate.getFullYear() + YEARS);
	const common = { keyType: 'ec', algorithm: 'sha256', notAfterDate } as const;
	const root = await generate([{ name: 'commonName', value: 'Local Supabase root' }], {
		...common,
		extensions: [
			{ name: 'basicConstraints', cA: true, critical: true },
			{ name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
		],
	});
	const server = await generate([{ name: 'commonName', value: 'Local Supabase' }], {
		...common,
		ca: { key: root.private, cert: root.cert },
		extensions: [
			// Some clients refuse a server whose certificate could sign others.
			{ name: 'basicConstraints', cA: false },
			{ name: 'extKeyUsage', serverAuth: true },
			{
				name: 'subjectAltName',
				altNames: [
					{ type: 7, ip },
					{ type: 2, value: 'localhost' },
				],
			},
		],
	});
	return { ca: root.cert, key: server.private, cert: server.cert };
}
