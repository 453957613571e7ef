// The page on which a user lets an OAuth app in, or not. The vendor's is in its dashboard; this one only has to ask.
import type { Answer } from './answers.ts';

/** `action` gets a form with `request` and `decision` (authorize, decline). */
export function consentPage(
	app: { readonly name: string; readonly scopes: readonly string[] },
	request: string,
	action: string,
): Answer {
	const text = (value: string): string =>
		value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
	const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authorize ${text(app.name)}</title>
<style>body { font: 16px/1.5 system-ui; max-width: 30rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Authorize ${text(app.name)}</h1>
<p>It asks for access to <strong>Local organization</strong>:</p>
<ul>${app.scopes.map((scope) => `<li><code>${text(scope)}</code></li>`).join('')}</ul>
<form method="post" action="${text(action)}">
<input type="hidden" name="request" value="${text(request)}">
<button name="decision" value="authorize">Authorize</button>
<button name="decision" value="decline">Decline</button>
</form>
</html>`;
	return {
		status: 200,
		bytes: Buffer.from(page),
		headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
	};
}
