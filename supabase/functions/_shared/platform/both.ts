// Waiting for both endpoints of a clone.
import { isPassing } from '../domain/errors.ts';

/**
 * What two endpoints give that work at the same time, once both have ended: a session that is still at work refuses
 * its next call. When both fail, the one whose trouble passes (a lost connection) is thrown, else the first.
 */
export async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
	const [first, second] = await Promise.allSettled([one, other]);
	if (first.status === 'fulfilled' && second.status === 'fulfilled') {
		return [first.value, second.value];
	}
	const reasons = [first, second].flatMap((end) =>
		end.status === 'rejected' ? [end.reason as unknown] : [],
	);
	throw reasons.find(isPassing) ?? reasons[0];
}
