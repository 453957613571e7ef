// What the database takes a cron expression to mean, judged by a library that knows nothing of it.
import { Cron } from 'croner';
import { beforeAll, expect, it } from 'vitest';
import { type Control, freshControl } from '../helpers/control.ts';
import { seededRandom } from '../walk/random.ts';

let control: Control;
beforeAll(async () => {
	control = await freshControl();
});

/** Their clocks never change: what is due when they do is in tests/db/58-schedules.sql. */
const ZONES = ['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/Phoenix'];

it('is due when croner says so', { timeout: 120_000 }, async () => {
	const seed = Number(process.env['TWINS_SEED'] ?? 9);
	const random = seededRandom(seed);
	const between = (least: number, most: number) => least + random.int(most - least + 1);
	const field = (least: number, most: number): string => {
		const one = between(least, most);
		return random.pick([
			'*',
			String(one),
			`${one}-${between(one, most)}`,
			`*/${between(1, most)}`,
			`${one}-${between(one, most)}/${between(1, 5)}`,
			`${between(least, most)},${one}`,
		]);
	};
	let compared = 0;
	for (let nth = 0; nth < 400; nth += 1) {
		const [day, weekday] = [field(1, 28), field(0, 6)];
		const cron = [field(0, 59), field(0, 23), day, field(1, 12), weekday].join(' ');
		const zone = ZONES[nth % ZONES.length] ?? 'UTC';
		const after = new Date(
			Date.UTC(2026, between(0, 11), between(1, 28), between(0, 23), between(0, 59)),
		);
		const expected = new Cron(cron, {
			timezone: zone,
			// Cron takes either day only where neither field begins with a star, not even */2.
			domAndDow: day.startsWith('*') || weekday.startsWith('*'),
		}).nextRuns(4, after);
		const rows = await control.sql`
			with recursive slots as (
				select private.next_slot(private.parse_cron(${cron}), ${zone}, ${after.toISOString()}) as slot, 1 as nth
				union all
				select private.next_slot(private.parse_cron(${cron}), ${zone}, slot), nth + 1 from slots where nth < 4
			)
			select slot from slots order by nth`;
		const found = rows.map(({ slot }) => (slot as Date).toISOString());
		expect(found, `seed ${seed}: ${cron} in ${zone} after ${after.toISOString()}`).toEqual(
			expected.map((slot) => slot.toISOString()),
		);
		compared += found.length;
	}
	expect(compared).toBe(1600);
});
