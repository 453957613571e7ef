// Both projects of a run or a twin, as they are shown.
export interface NamedPair {
	readonly source_ref: string;
	readonly source_name: string;
	readonly source_organization: string | null;
	readonly target_ref: string;
	readonly target_name: string;
	readonly target_organization: string | null;
	readonly target_is_protected?: boolean;
}
