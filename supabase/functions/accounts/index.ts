// Entry of the edge function `accounts`: connect, rename and disconnect Supabase accounts, list projects.
import { serveAccounts } from '../_shared/accounts/serve.ts';

Deno.serve(serveAccounts);
