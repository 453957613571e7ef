// What the part of a backup after the rows works with. Types only.
import type { Endpoint } from '../contract/endpoint.ts';
import type { BackupObjects } from './objects.ts';
import type { SliceNotes } from './slice-notes.ts';

export interface RestRequest {
	readonly source: Endpoint;
	readonly objects: BackupObjects;
	/** Of this slice: what was kept is noted there. */
	readonly notes: SliceNotes;
	/** Of this slice, from 1 on. */
	readonly slice: number;
	readonly signal: AbortSignal;
	/** True when the slice is to end. */
	isFull(): boolean;
	onFiles(done: number, total: number): void;
}
