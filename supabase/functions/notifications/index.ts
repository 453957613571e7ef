// Entry of the edge function `notifications`: delivers what users are notified of, and adds their channels.
import { serveNotifications } from '../_shared/notifications/serve.ts';

Deno.serve(serveNotifications);
