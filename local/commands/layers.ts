// npm run layers: the layers of the code with their sizes and what imports what. Fails on an arrow back or a circle.
import { readImports, sizesOf } from '../../tests/guards/layers.ts';
import { runCommand } from './run-command.ts';

await runCommand(async () => {
	const { modules, violations } = await readImports();
	const layers = sizesOf(modules);
	const line = (name: string, numbers: readonly (string | number)[], imports: string): string =>
		[name.padEnd(17), ...numbers.map((number) => String(number).padStart(7)), ` ${imports}`].join(
			' ',
		);
	console.log(line('layer', ['files', 'lines', 'names', 'longest'], 'imports'));
	for (const { name, files, lines, names, longest, imports } of layers) {
		console.log(line(name, [files, lines, names, longest.lines], imports.join(', ') || 'nothing'));
	}
	const sum = (of: 'files' | 'lines' | 'names'): number =>
		layers.reduce((total, layer) => total + layer[of], 0);
	console.log(line('together', [sum('files'), sum('lines'), sum('names')], ''));
	const longest = layers
		.map((layer) => layer.longest)
		.reduce((most, next) => (next.lines > most.lines ? next : most));
	console.log(`Longest file: ${longest.file} (${longest.lines} lines)`);
	console.log(violations.join('\n') || 'No arrow back, no circle.');
	return violations.length === 0 ? 0 : 1;
});
