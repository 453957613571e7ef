// Called by cron at night: answers with how many orders wait.
import { countRows } from './lib/count.ts';

Deno.serve(async () => Response.json({ waiting: await countRows('orders', 'status=eq.placed') }));
