// The smallest function there is, in JavaScript.
Deno.serve(() => new Response('pong — “ünïcode” ✓\n'));
