// Entry of the edge function `backups`: tests and saves the destinations of users' backups.
import { serveDestinations } from '../_shared/destinations/serve.ts';

Deno.serve(serveDestinations);
