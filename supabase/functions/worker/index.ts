// Entry of the edge function `worker`: woken by the database with the worker secret, works on one step.
import { backupWork } from '../_shared/backup/work.ts';
import { components } from '../_shared/components/index.ts';
import { serveWorker } from '../_shared/engine/serve.ts';

Deno.serve(serveWorker(components, backupWork));
