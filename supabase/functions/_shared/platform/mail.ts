// One message by SMTP, over the server that the operator of this installation has set.
import { TwinsError } from '../domain/errors.ts';

export interface MailServer {
	/** `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. */
	readonly url: string;
	readonly from: string;
}

export interface Mail {
	/** The same id for the same message: mail programs show a repeated one once. */
	readonly id: string;
	readonly to: string;
	readonly subject: string;
	readonly text: string;
}

const TIMEOUT_MS = 10_000;

/** Throws `api_unavailable` (passing), in words without what the server said: it may quote addresses and settings. */
export async function sendMail(server: MailServer, mail: Mail): Promise<void> {
	// Loaded where mail is sent: it is large, and most invocations send none.
	const { createTransport } = await import('nodemailer');
	const transport = createTransport({
		url: server.url,
		connectionTimeout: TIMEOUT_MS,
		greetingTimeout: TIMEOUT_MS,
		socketTimeout: TIMEOUT_MS,
		// Texts are ours; nothing of them may name a file or an address to be read.
		disableFileAccess: true,
		disableUrlAccess: true,
	});
	try {
		await transport.sendMail({
			from: server.from,
			to: mail.to,
			subject: mail.subject,
			text: mail.text,
			messageId: `<${mail.id}@twins>`,
			headers: { 'auto-submitted': 'auto-generated' },
		});
	} catch (error) {
		throw new TwinsError(
			'api_unavailable',
			`The mail server did not take it (${codeOf(error)})`,
			'Ask the operator of this installation to look at its mail settings.',
			{ passing: true },
		);
	} finally {
		transport.close();
	}
}

/** nodemailer's code, with the server's where there is one: "EENVELOPE 550". */
function codeOf(error: unknown): string {
	const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
	return [code, responseCode].filter((part) => part !== undefined).join(' ') || 'no answer';
}
