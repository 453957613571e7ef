// Joins class names; the last of two that contradict each other wins.
import { clsx, type ClassValue } from 'clsx';
import { extendTailwindMerge } from 'tailwind-merge';

// Our sizes of text (app.css): unknown ones pass for colours, and would take the place of the colour.
const merge = extendTailwindMerge({
	extend: { classGroups: { 'font-size': [{ text: ['13', 'title', 'mono'] }] } },
});

export function classes(...values: ClassValue[]): string {
	return merge(clsx(values));
}
