// May this caller listen to a private topic? Asked the way the real service asks: a probe row is written to
// realtime.messages and read back under the caller's role, inside a transaction that is rolled back.
import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { ident, literal } from '../../quoting.ts';
import type { Claims } from '../keys.ts';

/** Carries the answer out of a transaction that must not commit. */
class RolledBack extends Error {
	readonly isVisible: boolean;
	constructor(isVisible: boolean) {
		super('rolled back on purpose');
		this.isVisible = isVisible;
	}
}

/** True when policies on realtime.messages let the caller read broadcasts of the topic. */
export async function mayListen(database: Sql, claims: Claims, topic: string): Promise<boolean> {
	const id = randomUUID();
	try {
		await database.begin(async (transaction) => {
			await transaction`
				insert into realtime.messages (id, topic, extension, private, payload)
				values (${id}, ${topic}, 'broadcast', true, '{}')`;
			await transaction.unsafe(`set local role ${ident(claims.role)};
select set_config('realtime.topic', ${literal(topic)}, true),
  set_config('request.jwt.claims', ${literal(JSON.stringify(claims))}, true),
  set_config('request.jwt.claim.sub', ${literal(claims.sub ?? '')}, true),
  set_config('request.jwt.claim.role', ${literal(claims.role)}, true)`);
			const rows = await transaction`select from realtime.messages where id = ${id}`;
			throw new RolledBack(rows.length > 0);
		});
	} catch (error) {
		// A role without the right to select, or a policy that raises, may not listen.
		return error instanceof RolledBack && error.isVisible;
	}
	return false;
}
