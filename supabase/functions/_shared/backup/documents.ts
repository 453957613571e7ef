// The JSON documents of a backup: what components keep besides rows and files.
import * as z from 'zod/mini';

/** The object with what is kept under a name. */
export const documentName = (name: string): string => `${name}.json`;

/** Under which the names of the source are kept: texts may refer to it. */
export const KEPT_PROJECT = 'project';

export const keptProjectSchema = z.object({
	ref: z.string(),
	url: z.string(),
	/** Only those that stand in the texts of the backup anyway. */
	keys: z.array(z.object({ name: z.string(), value: z.string() })),
	/** Whatever looks like a key may be one of its keys. */
	keysUnknown: z.boolean(),
});
export type KeptProject = z.infer<typeof keptProjectSchema>;
