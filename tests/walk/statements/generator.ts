// One kind of random statement. Many of them fail (a name that is taken, rows that do not fit): that is wanted, and
// costs nothing.
import type { WalkCatalog } from '../catalog.ts';
import type { Random } from '../random.ts';

/** SQL text, or undefined where there is nothing to do it with. */
export type Generator = (random: Random, catalog: WalkCatalog) => string | undefined;
