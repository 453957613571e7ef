// Whether workers kept to the limits of the hosted platform, as the control database saw it.
import postgres from 'postgres';

/** What requests to workers were failed for by the function runner: a limit of CPU, memory or time. Empty: all kept to them. */
export async function requestsBeyondLimits(controlDbUrl: string): Promise<string[]> {
	const sql = postgres(controlDbUrl, { max: 1 });
	try {
		const failed = await sql<{ content: string }[]>`
			select content from net._http_response where status_code = 546`;
		return failed.map(({ content }) => content);
	} finally {
		await sql.end();
	}
}
