// What one slice of a backup leaves for the next ones: kept beside the backup, because it grows with it and a cursor must not.
import * as z from 'zod/mini';
import { backupObjectSchema, backupTableSchema, leftObjectSchema } from '../domain/backup.ts';
import { COMPONENT_KEYS } from '../domain/component.ts';
import { momentSchema } from '../components/data/snapshot.ts';
import { TwinsError } from '../domain/errors.ts';
import { restCursorSchema } from './rest-cursor.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { indexSchema, openNotes, type Seal, sealSchema } from './seal.ts';
import type { CopyPlace } from '../platform/copy-pieces.ts';

const place = z.nullable(
	z.union([z.object({ after: z.array(z.string()) }), z.object({ next: z.int(), of: z.int() })]),
);

const finishedSchema = z.object({
	manifestSha256: z.string(),
	/** Objects that could not be read. */
	problems: z.int(),
	moments: z.int(),
	components: z.array(z.enum(COMPONENT_KEYS)),
});
/** What is told of a backup at its end. */
export type Finished = z.infer<typeof finishedSchema>;

export const cursorSchema = z.object({
	/** Names of the notes of all slices so far. */
	notes: z.array(z.string()),
	/** Tables that are done; the next one is begun at `place`. */
	done: z.int(),
	place,
	rows: z.number(),
	bytes: z.number(),
	/** Rows are done; how far the rest is. */
	rest: z.optional(z.nullable(restCursorSchema)),
	/** Of a backup that is encrypted. */
	seal: z.optional(sealSchema),
	/** Its manifest is written: only what is in vain is left to remove. */
	finished: z.optional(finishedSchema),
	/** The snapshot that the last slice keeps for the next one. */
	moment: z.optional(momentSchema),
});
export type WriteCursor = Omit<z.infer<typeof cursorSchema>, 'place'> & {
	readonly place: CopyPlace | null;
};

const notesSchema = z.object({
	/** Quoted names of all tables, in their order: of the first slice. */
	order: z.optional(z.array(z.string())),
	takenAt: z.string(),
	/** Its rows are of the same moment as those of the slice before. */
	isContinued: z._default(z.boolean(), false),
	tables: z.array(backupTableSchema),
	left: z.array(leftObjectSchema),
	/** Components that are kept as a whole since this slice, besides those of the schema and the rows. */
	components: z.array(z.enum(COMPONENT_KEYS)),
	/** Lists of files. */
	files: z.array(z.object({ list: z.string(), objects: z.int(), bytes: z.int() })),
	objects: z.array(backupObjectSchema),
	/** Of an encrypted backup. */
	index: z.nullable(indexSchema),
	/** Of the first slice: where the part of the schema is that comes after the rows. */
	schemaAfter: z.optional(z.string()),
});
export type SliceNotes = z.infer<typeof notesSchema>;

/** A name that no other slice has, nor this one when it is repeated. */
export const notesName = (slice: number): string =>
	`notes/${String(slice).padStart(6, '0')}-${crypto.randomUUID().slice(0, 8)}.json`;

export async function readNotes(
	store: ObjectStore,
	folder: string,
	names: readonly string[],
	seal: Seal | null,
): Promise<SliceNotes[]> {
	const notes: SliceNotes[] = [];
	for (const name of names) {
		const bytes = await openNotes(seal, await store.get(`${folder}/${name}`));
		const text = new TextDecoder().decode(bytes);
		const read = notesSchema.safeParse(JSON.parse(text));
		if (!read.success) {
			throw new TwinsError(
				'storage_refused',
				`The store gives back another ${name} than was written`,
				'Take the backup again; if it happens again, use another store.',
			);
		}
		notes.push(read.data);
	}
	return notes;
}

/** The moments of which the slices read rows, in their order: of all but those that went on with the one before. */
export const momentsOf = (notes: readonly SliceNotes[]): string[] =>
	notes.flatMap(({ takenAt, isContinued }) => (isContinued ? [] : [takenAt]));
