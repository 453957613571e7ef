// Whether workers kept to the limits of the hosted platform, as the control database saw it.
import postgres from 'postgres';

/** Requests to workers that the function runner failed for going beyond a limit of CPU, memory or time. */
export async function requestsBeyondLimits(controlDbUrl: string): Promise<number> {
	const sql = postgres(controlDbUrl, { max: 1 });
	try {
		const failed = await sql`select from net._http_response where status_code = 546`;
		return failed.count;
	} finally {
		await sql.end();
	}
}
