// The rows of the control database that the app reads, and the typed shape of the database for supabase-js. Both
// come from the generated types. Those say "text" for columns that a check holds to a few words, "JSON" for errors,
// and "or null" for what a view computes: that, and only that, is made exact here.
import type {
	ChannelKind,
	DeliveryStatus,
	NotificationEvent,
} from '#shared/domain/notification.ts';
import type { PlannedCall } from '#shared/domain/plan.ts';
import type { PlannedAction } from '#shared/domain/preview.ts';
import type { Risk } from '#shared/domain/risk.ts';
import type { ErrorBody } from '#shared/domain/errors.ts';
import type {
	ComponentStatus,
	ItemOutcome,
	JobStatus,
	VerificationMode,
	VerificationStatus,
} from '#shared/domain/status.ts';
import type { Database as Generated } from './database-types.ts';

export type SignedInUser = { id: string; email: string };

export type StoredError = Pick<ErrorBody, 'message'> & Partial<ErrorBody>;

type Public = Generated['public'];
type Relations = Public['Tables'] & Public['Views'];
type Generic<Name extends keyof Relations> = Relations[Name]['Row'];

/** A generated row with some columns made exact. A column that is gone, or of another type, is an error. */
type Exact<
	Name extends keyof Relations,
	Columns extends {
		[Column in keyof Columns]: Column extends keyof Generic<Name> ? Generic<Name>[Column] : never;
	},
> = {
	[Column in keyof Generic<Name>]: Column extends keyof Columns
		? Columns[Column]
		: Generic<Name>[Column];
};

type Run = { kind: 'clone' | 'restore'; trigger: 'manual' | 'schedule'; status: JobStatus };

export type AccountRow = Exact<
	'connected_accounts',
	{ method: 'oauth' | 'pat'; status: 'connected' | 'expired' | 'revoked' }
>;
export type ProjectRow = Generic<'projects'>;
export type IgnoreRuleRow = Generic<'ignore_rules'>;
export type JobRow = Exact<'jobs', Run & { error: StoredError | null }>;
export type JobComponentRow = Exact<
	'job_components',
	{ status: ComponentStatus; error: StoredError | null }
>;
export type JobItemRow = Exact<'job_items', { outcome: ItemOutcome }>;
/** One slice that a worker carried out for a job. */
export type JobSliceRow = Exact<
	'job_slices',
	{ outcome: 'more' | 'done' | 'retry' | 'failed' | 'lost' | null; error: StoredError | null }
>;
export type JobLogRow = Exact<'job_log', { at: string; event: string; items: number }>;
export type PreviewRow = Exact<'previews', { status: JobStatus }>;
export type PlannedWorkRow = Omit<
	Exact<'planned_work', { action: PlannedAction }>,
	'calls' | 'risks'
> & { readonly calls: readonly PlannedCall[]; readonly risks: readonly Risk[] };
export type RiskRow = Exact<'preview_risks', { component: string; risk: string; object: string }>;
export type VerificationRow = Exact<
	'verifications',
	{ mode: VerificationMode; status: VerificationStatus }
>;
export type FindingRow = Exact<
	'verification_findings',
	{ severity: 'failed' | 'warning' | 'note' }
>;

export type BackupStatus = 'in_progress' | 'complete' | 'failed' | 'deleted';
export type BackupRow = Exact<'backups', { status: BackupStatus; error: StoredError | null }>;
export type DestinationRow = Generic<'backup_destinations'>;

export type RowCountRow = Generic<'verification_counts'>;

export type TwinOverviewRow = Exact<
	'twin_overview',
	{
		source_name: string;
		target_name: string;
		target_is_protected: boolean;
		clone_count: number;
		last_status: JobStatus | null;
		last_failures: number;
		last_changes: number;
	}
>;
export type ToDoRow = Exact<
	'twin_to_do',
	{ component: string; object: string; fix: string; job_id: string }
>;
export type TwinTableRow = Exact<
	'twin_tables',
	{ read_at: string; name: string; not_listed: number }
>;
export type CloneHistoryRow = Exact<
	'clone_history',
	Run & {
		error: StoredError | null;
		source_ref: string;
		source_name: string;
		target_ref: string;
		target_name: string;
		components_completed: number;
		components_failed: number;
		components_total: number;
		attempt: number;
		failures: number;
		changes: number;
		bytes_done: number;
		has_failures: boolean;
	}
>;

/** One of a schedule's last runs, as `schedule_health.recent_runs` has them. */
export interface RecentRun {
	readonly job_id: string;
	readonly status: JobStatus;
	readonly failures: number;
	readonly started_at: string | null;
	/** Null while it goes on. */
	readonly seconds: number | null;
}
export type ScheduleRow = Exact<
	'schedule_health',
	{
		schedule_id: string;
		twin_id: string;
		name: string;
		timezone: string;
		is_active: boolean;
		is_asking: boolean;
		asked: string[];
		loss_limit: number;
		source_name: string;
		target_name: string;
		target_ref: string;
		last_status: JobStatus | null;
		last_failures: number;
	}
> & { readonly recent_runs: readonly RecentRun[] };

export type ChannelRow = Exact<
	'notification_channels',
	{ kind: ChannelKind; events: NotificationEvent[] }
>;
export type DeliveryRow = Exact<
	'delivery_log',
	{
		id: string;
		channel_id: string;
		channel_name: string;
		title: string;
		path: string;
		status: DeliveryStatus;
		attempts: number;
		queued_at: string;
	}
>;

type ExactRows = {
	backups: BackupRow;
	notification_channels: ChannelRow;
	delivery_log: DeliveryRow;
	connected_accounts: AccountRow;
	jobs: JobRow;
	job_components: JobComponentRow;
	job_items: JobItemRow;
	job_slices: JobSliceRow;
	job_log: JobLogRow;
	previews: PreviewRow;
	planned_work: PlannedWorkRow;
	preview_risks: RiskRow;
	verifications: VerificationRow;
	verification_findings: FindingRow;
	twin_overview: TwinOverviewRow;
	twin_tables: TwinTableRow;
	twin_to_do: ToDoRow;
	clone_history: CloneHistoryRow;
	schedule_health: ScheduleRow;
};

type WithExactRows<Of extends Record<string, { Row: unknown }>> = {
	[Name in keyof Of]: Omit<Of[Name], 'Row'> & {
		Row: Name extends keyof ExactRows ? ExactRows[Name] : Of[Name]['Row'];
	};
};

export type Database = {
	public: Omit<Public, 'Tables' | 'Views'> & {
		Tables: WithExactRows<Public['Tables']>;
		Views: WithExactRows<Public['Views']>;
	};
};

/** The two projects and the options of a clone, as the SQL functions take them. */
export type CloneArguments = Required<
	Omit<Public['Functions']['start_preview']['Args'], 'count_rows'>
>;
