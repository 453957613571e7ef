// SQL and JSON in colours, on the server: the page needs no script for it, and no HTML is made of anybody's text.
import json from 'highlight.js/lib/languages/json';
import pgsql from 'highlight.js/lib/languages/pgsql';
import { createLowlight } from 'lowlight';

const lowlight = createLowlight({ json, pgsql });

/** A piece of a text and what it is: `keyword`, `string`, …; empty for the rest. */
export type Piece = readonly [kind: string, text: string];

/** Longer texts (a function of a thousand lines) stay as they are: colours would cost more than they tell. */
const LONGEST = 40_000;

/** A text in pieces, none of which is lost. */
export function colored(text: string, language: 'pgsql' | 'json'): Piece[] {
	if (text.length > LONGEST) return [['', text]];
	return piecesOf(lowlight.highlight(language, text).children, '');
}

type Nodes = ReturnType<typeof lowlight.highlight>['children'];

function piecesOf(nodes: Nodes, kind: string): Piece[] {
	return nodes.flatMap((node): Piece[] => {
		if (node.type === 'text') return [[kind, node.value]];
		if (node.type !== 'element') return [];
		const classes: unknown = node.properties['className'];
		const own = Array.isArray(classes) ? String(classes[0]).replace('hljs-', '') : kind;
		return piecesOf(node.children, own);
	});
}
