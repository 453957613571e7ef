// The rows of the control database that the app reads, as its migrations define them, and the typed
// shape of the database for supabase-js. Nothing private is here: the API does not show it.
import type { ErrorBody } from '#shared/domain/errors.ts';
import type {
	ComponentStatus,
	ItemOutcome,
	JobStatus,
	VerificationMode,
	VerificationStatus,
} from '#shared/domain/status.ts';

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type SignedInUser = { id: string; email: string };

export type AccountRow = {
	id: string;
	display_name: string;
	method: 'oauth' | 'pat';
	status: 'connected' | 'expired' | 'revoked';
	created_at: string;
	last_used_at: string | null;
};

export type ProjectRow = {
	account_id: string;
	ref: string;
	name: string;
	organization_name: string | null;
	region: string | null;
	status: string | null;
	postgres_version: string | null;
	is_protected: boolean;
	/** The user gave a password of its database; else temporary logins are used. */
	has_own_login: boolean;
};

export type TwinRow = {
	id: string;
	source_account_id: string;
	source_ref: string;
	target_account_id: string;
	target_ref: string;
	options: Json;
	created_at: string;
};

export type IgnoreRuleRow = { id: string; twin_id: string; pattern: string; created_at: string };

export type StoredError = Pick<ErrorBody, 'message'> & Partial<ErrorBody>;

export type JobRow = {
	id: string;
	twin_id: string;
	target_ref: string;
	kind: 'clone' | 'restore';
	trigger: 'manual' | 'schedule';
	schedule_id: string | null;
	options: Json;
	status: JobStatus;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	cancel_requested_at: string | null;
	error: StoredError | null;
	report: Json | null;
};

export type JobComponentRow = {
	job_id: string;
	component: string;
	position: number;
	status: ComponentStatus;
	items_done: number;
	items_total: number | null;
	unit: string;
	bytes_done: number;
	started_at: string | null;
	finished_at: string | null;
	error: StoredError | null;
};

export type JobItemRow = {
	job_id: string;
	component: string;
	object: string;
	outcome: ItemOutcome;
	detail: string | null;
	fix: string | null;
	sqlstate: string | null;
	at: string;
};

export type VerificationRow = {
	id: string;
	job_id: string;
	twin_id: string;
	mode: VerificationMode;
	status: VerificationStatus;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	summary: Json | null;
};

export type FindingRow = {
	verification_id: string;
	component: string;
	severity: 'warning' | 'failed';
	object: string;
	expected: string | null;
	found: string | null;
	fix: string | null;
};

export type PreviewRow = {
	id: string;
	twin_id: string;
	status: JobStatus;
	result: Json;
	created_at: string;
	finished_at: string | null;
};

/** View `twin_overview`: one row per twin, as its card shows it. */
export type TwinOverviewRow = {
	twin_id: string;
	source_account_id: string;
	source_ref: string;
	source_name: string;
	source_organization: string | null;
	target_account_id: string;
	target_ref: string;
	target_name: string;
	target_organization: string | null;
	target_is_protected: boolean;
	options: Json;
	created_at: string;
	clone_count: number;
	last_job_id: string | null;
	last_status: JobStatus | null;
	last_created_at: string | null;
	last_finished_at: string | null;
	last_failures: number;
	next_run_at: string | null;
};

/** View `twin_tables`: the tables of a twin's source, as its newest preview listed them. */
export type TwinTableRow = {
	twin_id: string;
	read_at: string;
	name: string;
	/** The partitioned table it belongs to: a rule for that one counts for this one too. */
	partition_of: string | null;
	row_estimate: number | null;
};

/** View `clone_history`: one row per clone, with names and counts. */
export type CloneHistoryRow = {
	job_id: string;
	twin_id: string;
	kind: 'clone' | 'restore';
	trigger: 'manual' | 'schedule';
	status: JobStatus;
	options: Json;
	error: StoredError | null;
	created_at: string;
	started_at: string | null;
	finished_at: string | null;
	duration_seconds: number | null;
	source_ref: string;
	source_name: string;
	source_organization: string | null;
	target_ref: string;
	target_name: string;
	target_organization: string | null;
	components_completed: number;
	components_failed: number;
	components_total: number;
	failures: number;
};

type ReadOnly<Row> = { Row: Row; Insert: never; Update: never; Relationships: [] };

/** The two ends and the options of a clone, as the SQL functions take them. */
export type CloneArguments = {
	source_account_id: string;
	source_ref: string;
	target_account_id: string;
	target_ref: string;
	options: Json;
};

export type Database = {
	public: {
		Tables: {
			connected_accounts: ReadOnly<AccountRow>;
			projects: Omit<ReadOnly<ProjectRow>, 'Update'> & { Update: { is_protected: boolean } };
			twins: ReadOnly<TwinRow>;
			ignore_rules: Omit<ReadOnly<IgnoreRuleRow>, 'Insert'> & {
				Insert: { twin_id: string; pattern: string };
			};
			jobs: ReadOnly<JobRow>;
			job_components: ReadOnly<JobComponentRow>;
			job_items: ReadOnly<JobItemRow>;
			previews: ReadOnly<PreviewRow>;
			verifications: ReadOnly<VerificationRow>;
			verification_findings: ReadOnly<FindingRow>;
		};
		Views: {
			twin_overview: { Row: TwinOverviewRow; Relationships: [] };
			twin_tables: { Row: TwinTableRow; Relationships: [] };
			clone_history: { Row: CloneHistoryRow; Relationships: [] };
		};
		Functions: {
			start_clone: { Args: CloneArguments; Returns: JobRow };
			start_preview: { Args: CloneArguments; Returns: PreviewRow };
			cancel_job: { Args: { job_id: string }; Returns: JobRow };
			start_verification: {
				Args: { job_id: string; mode: VerificationMode };
				Returns: VerificationRow;
			};
		};
	};
};
