// What a look at the source's functions warns of: bodies that point at the source project or call out, and
// languages that the target will refuse. Bodies are copied as they are, so a person must know.
import type { Preview, PreviewWarning } from '../../domain/preview.ts';
import type { SlicedContext } from '../../contract/context.ts';
import {
	hostsIn,
	readReferences,
	referencesIn,
	type ProjectReferences,
} from '../../platform/supabase/references.ts';
import type { Fact } from '../../schema/fact.ts';
import { schemaPreview } from '../../schema-stages/preview.ts';

/** `net.http_post(…)` of pg_net, `http_get(…)` of the http extension. */
const CALLS_OUT = /\bhttp_(?:get|post|put|patch|delete|head)\s*\(|\bhttp\s*\(\s*\(/i;
const UNTRUSTED = new Set(['c', 'internal', 'plpython3u', 'plperlu', 'pltclu']);

/** Warnings about one function; none for most. */
export function warningsOf(fact: Fact, source: ProjectReferences): PreviewWarning[] {
	const { body, sql_body: sqlBody, language } = fact.definition;
	const text = `${typeof body === 'string' ? body : ''} ${typeof sqlBody === 'string' ? sqlBody : ''}`;
	const warnings: PreviewWarning[] = [];
	const mentioned = referencesIn(text, source);
	if (mentioned.length > 0) {
		warnings.push({
			level: 'warning',
			object: fact.object,
			message: `The body mentions the source project (${mentioned.join(', ')}) and is copied unchanged.`,
			fix: 'Read such values from Vault or a settings table, or correct the function on the target after the clone.',
		});
	}
	if (CALLS_OUT.test(text)) {
		const hosts = hostsIn(text);
		warnings.push({
			level: 'warning',
			object: fact.object,
			message: `It calls out over HTTP${hosts.length > 0 ? ` (${hosts.join(', ')})` : ''}, on the target as well.`,
			fix: 'Check whether a copy may call that address.',
		});
	}
	if (typeof language === 'string' && UNTRUSTED.has(language)) {
		warnings.push({
			level: 'blocker',
			object: fact.object,
			message: `It is written in ${language}, in which only a superuser may make functions.`,
			fix: 'Install the extension that brings it on the target, or rewrite it in plpgsql or sql.',
		});
	}
	return warnings;
}

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewFunctions(context: SlicedContext): Promise<Preview | undefined> {
	const source = await readReferences(context.source);
	return schemaPreview(context, ['functions'], (facts) =>
		[...facts.source.byId.values()]
			.filter((fact) => fact.kind === 'function')
			.flatMap((fact) => warningsOf(fact, source)),
	);
}
