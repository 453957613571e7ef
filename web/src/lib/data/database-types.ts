// What supabase/migrations make of an empty project. Written by `npm run test:db -- --update`.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
	public: {
		Tables: {
			backup_destinations: {
				Row: {
					bucket: string;
					created_at: string;
					endpoint: string | null;
					id: string;
					key_hint: string;
					name: string;
					owner_id: string;
					prefix: string;
					recipient: string | null;
					region: string;
					tested_at: string;
				};
				ComputedFields: never;
				Insert: {
					bucket: string;
					created_at?: string;
					endpoint?: string | null;
					id?: string;
					key_hint: string;
					name: string;
					owner_id: string;
					prefix?: string;
					recipient?: string | null;
					region: string;
					tested_at?: string;
				};
				Update: {
					bucket?: string;
					created_at?: string;
					endpoint?: string | null;
					id?: string;
					key_hint?: string;
					name?: string;
					owner_id?: string;
					prefix?: string;
					recipient?: string | null;
					region?: string;
					tested_at?: string;
				};
				Relationships: [];
			};
			backups: {
				Row: {
					account_id: string | null;
					bytes: number;
					components: string[];
					created_at: string;
					destination_id: string | null;
					error: Json | null;
					expires_at: string | null;
					finished_at: string | null;
					folder: string;
					id: string;
					is_being_proven: boolean;
					is_unwanted: boolean;
					job_id: string | null;
					location: string | null;
					manifest_sha256: string | null;
					moments: number | null;
					owner_id: string;
					problems: number;
					project_name: string;
					proof: Json | null;
					proven_at: string | null;
					recipient: string | null;
					ref: string;
					row_count: number;
					status: string;
					tables: number;
					tables_total: number | null;
					twin_id: string | null;
				};
				ComputedFields: never;
				Insert: {
					account_id?: string | null;
					bytes?: number;
					components?: string[];
					created_at?: string;
					destination_id?: string | null;
					error?: Json | null;
					expires_at?: string | null;
					finished_at?: string | null;
					folder: string;
					id?: string;
					is_being_proven?: boolean;
					is_unwanted?: boolean;
					job_id?: string | null;
					location?: string | null;
					manifest_sha256?: string | null;
					moments?: number | null;
					owner_id: string;
					problems?: number;
					project_name: string;
					proof?: Json | null;
					proven_at?: string | null;
					recipient?: string | null;
					ref: string;
					row_count?: number;
					status: string;
					tables?: number;
					tables_total?: number | null;
					twin_id?: string | null;
				};
				Update: {
					account_id?: string | null;
					bytes?: number;
					components?: string[];
					created_at?: string;
					destination_id?: string | null;
					error?: Json | null;
					expires_at?: string | null;
					finished_at?: string | null;
					folder?: string;
					id?: string;
					is_being_proven?: boolean;
					is_unwanted?: boolean;
					job_id?: string | null;
					location?: string | null;
					manifest_sha256?: string | null;
					moments?: number | null;
					owner_id?: string;
					problems?: number;
					project_name?: string;
					proof?: Json | null;
					proven_at?: string | null;
					recipient?: string | null;
					ref?: string;
					row_count?: number;
					status?: string;
					tables?: number;
					tables_total?: number | null;
					twin_id?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'backups_account_id_fkey';
						columns: ['account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'backups_destination_id_fkey';
						columns: ['destination_id'];
						isOneToOne: false;
						referencedRelation: 'backup_destinations';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'backups_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'backups_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'backups_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'backups_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'backups_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'backups_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			connected_accounts: {
				Row: {
					created_at: string;
					display_name: string;
					expires_on: string | null;
					id: string;
					last_used_at: string | null;
					method: string;
					owner_id: string;
					rights: Json | null;
					status: string;
				};
				ComputedFields: never;
				Insert: {
					created_at?: string;
					display_name: string;
					expires_on?: string | null;
					id?: string;
					last_used_at?: string | null;
					method: string;
					owner_id: string;
					rights?: Json | null;
					status?: string;
				};
				Update: {
					created_at?: string;
					display_name?: string;
					expires_on?: string | null;
					id?: string;
					last_used_at?: string | null;
					method?: string;
					owner_id?: string;
					rights?: Json | null;
					status?: string;
				};
				Relationships: [];
			};
			ignore_rules: {
				Row: {
					created_at: string;
					id: string;
					pattern: string;
					twin_id: string;
				};
				ComputedFields: never;
				Insert: {
					created_at?: string;
					id?: string;
					pattern: string;
					twin_id: string;
				};
				Update: {
					created_at?: string;
					id?: string;
					pattern?: string;
					twin_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'ignore_rules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'ignore_rules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			job_components: {
				Row: {
					at_work: Json | null;
					bytes_done: number;
					component: string;
					error: Json | null;
					finished_at: string | null;
					items_done: number;
					items_total: number | null;
					job_id: string;
					position: number;
					rows_done: number;
					started_at: string | null;
					status: string;
					unit: string;
				};
				ComputedFields: never;
				Insert: {
					at_work?: Json | null;
					bytes_done?: number;
					component: string;
					error?: Json | null;
					finished_at?: string | null;
					items_done?: number;
					items_total?: number | null;
					job_id: string;
					position: number;
					rows_done?: number;
					started_at?: string | null;
					status?: string;
					unit: string;
				};
				Update: {
					at_work?: Json | null;
					bytes_done?: number;
					component?: string;
					error?: Json | null;
					finished_at?: string | null;
					items_done?: number;
					items_total?: number | null;
					job_id?: string;
					position?: number;
					rows_done?: number;
					started_at?: string | null;
					status?: string;
					unit?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'job_components_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'job_components_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'job_components_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'job_components_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
				];
			};
			job_items: {
				Row: {
					at: string;
					component: string;
					detail: string | null;
					fix: string | null;
					job_id: string;
					object: string;
					outcome: string;
					rank: number | null;
					sqlstate: string | null;
				};
				ComputedFields: never;
				Insert: {
					at?: string;
					component: string;
					detail?: string | null;
					fix?: string | null;
					job_id: string;
					object: string;
					outcome: string;
					rank?: never;
					sqlstate?: string | null;
				};
				Update: {
					at?: string;
					component?: string;
					detail?: string | null;
					fix?: string | null;
					job_id?: string;
					object?: string;
					outcome?: string;
					rank?: never;
					sqlstate?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
				];
			};
			job_slices: {
				Row: {
					bytes_done: number;
					component: string | null;
					error: Json | null;
					finished_at: string | null;
					id: number;
					items: number;
					items_done: number;
					items_total: number | null;
					job_id: string;
					kind: string;
					outcome: string | null;
					queued_at: string;
					rows_done: number;
					stage: string | null;
					started_at: string;
					step_id: number;
					waits_for: string[];
				};
				ComputedFields: never;
				Insert: {
					bytes_done?: number;
					component?: string | null;
					error?: Json | null;
					finished_at?: string | null;
					id?: never;
					items?: number;
					items_done?: number;
					items_total?: number | null;
					job_id: string;
					kind: string;
					outcome?: string | null;
					queued_at: string;
					rows_done?: number;
					stage?: string | null;
					started_at?: string;
					step_id: number;
					waits_for?: string[];
				};
				Update: {
					bytes_done?: number;
					component?: string | null;
					error?: Json | null;
					finished_at?: string | null;
					id?: never;
					items?: number;
					items_done?: number;
					items_total?: number | null;
					job_id?: string;
					kind?: string;
					outcome?: string | null;
					queued_at?: string;
					rows_done?: number;
					stage?: string | null;
					started_at?: string;
					step_id?: number;
					waits_for?: string[];
				};
				Relationships: [
					{
						foreignKeyName: 'job_slices_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'job_slices_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'job_slices_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'job_slices_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
				];
			};
			jobs: {
				Row: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				ComputedFields: never;
				Insert: {
					agreed?: string[] | null;
					attempt?: number;
					backup_id?: string | null;
					cancel_requested_at?: string | null;
					created_at?: string;
					error?: Json | null;
					finished_at?: string | null;
					id?: string;
					kind?: string;
					loss_limit?: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id?: string | null;
					report?: Json | null;
					schedule_id?: string | null;
					started_at?: string | null;
					status?: string;
					target_account_id?: string | null;
					target_ref: string;
					trigger?: string;
					twin_id?: string | null;
				};
				Update: {
					agreed?: string[] | null;
					attempt?: number;
					backup_id?: string | null;
					cancel_requested_at?: string | null;
					created_at?: string;
					error?: Json | null;
					finished_at?: string | null;
					id?: string;
					kind?: string;
					loss_limit?: number | null;
					options?: NonNullable<Json>;
					owner_id?: string;
					parent_id?: string | null;
					report?: Json | null;
					schedule_id?: string | null;
					started_at?: string | null;
					status?: string;
					target_account_id?: string | null;
					target_ref?: string;
					trigger?: string;
					twin_id?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'jobs_backup_id_fkey';
						columns: ['backup_id'];
						isOneToOne: false;
						referencedRelation: 'backups';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'jobs_schedule_id_fkey';
						columns: ['schedule_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['schedule_id'];
					},
					{
						foreignKeyName: 'jobs_schedule_id_fkey';
						columns: ['schedule_id'];
						isOneToOne: false;
						referencedRelation: 'schedules';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_target_account_id_fkey';
						columns: ['target_account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			notification_channels: {
				Row: {
					created_at: string;
					destination: string;
					events: string[];
					id: string;
					is_enabled: boolean;
					kind: string;
					name: string;
					owner_id: string;
					stopped_reason: string | null;
					twin_id: string | null;
				};
				ComputedFields: never;
				Insert: {
					created_at?: string;
					destination: string;
					events: string[];
					id?: string;
					is_enabled?: boolean;
					kind: string;
					name: string;
					owner_id: string;
					stopped_reason?: string | null;
					twin_id?: string | null;
				};
				Update: {
					created_at?: string;
					destination?: string;
					events?: string[];
					id?: string;
					is_enabled?: boolean;
					kind?: string;
					name?: string;
					owner_id?: string;
					stopped_reason?: string | null;
					twin_id?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'notification_channels_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'notification_channels_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			notification_deliveries: {
				Row: {
					answered_at: string | null;
					attempts: number;
					channel_id: string;
					detail: string | null;
					http_status: number | null;
					id: string;
					next_attempt_at: string | null;
					notification_id: string;
					queued_at: string;
					status: string;
				};
				ComputedFields: never;
				Insert: {
					answered_at?: string | null;
					attempts?: number;
					channel_id: string;
					detail?: string | null;
					http_status?: number | null;
					id?: string;
					next_attempt_at?: string | null;
					notification_id: string;
					queued_at?: string;
					status?: string;
				};
				Update: {
					answered_at?: string | null;
					attempts?: number;
					channel_id?: string;
					detail?: string | null;
					http_status?: number | null;
					id?: string;
					next_attempt_at?: string | null;
					notification_id?: string;
					queued_at?: string;
					status?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'notification_deliveries_channel_id_fkey';
						columns: ['channel_id'];
						isOneToOne: false;
						referencedRelation: 'notification_channels';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'notification_deliveries_notification_id_fkey';
						columns: ['notification_id'];
						isOneToOne: false;
						referencedRelation: 'notifications';
						referencedColumns: ['id'];
					},
				];
			};
			notifications: {
				Row: {
					account_id: string | null;
					created_at: string;
					detail: string | null;
					event: string;
					event_key: string;
					id: string;
					owner_id: string;
					path: string;
					title: string;
					twin_id: string | null;
				};
				ComputedFields: never;
				Insert: {
					account_id?: string | null;
					created_at?: string;
					detail?: string | null;
					event: string;
					event_key: string;
					id?: string;
					owner_id: string;
					path: string;
					title: string;
					twin_id?: string | null;
				};
				Update: {
					account_id?: string | null;
					created_at?: string;
					detail?: string | null;
					event?: string;
					event_key?: string;
					id?: string;
					owner_id?: string;
					path?: string;
					title?: string;
					twin_id?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'notifications_account_id_fkey';
						columns: ['account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'notifications_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'notifications_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			planned_work: {
				Row: {
					action: string;
					calls: NonNullable<Json>;
					component: string;
					definition_after: string | null;
					definition_before: string | null;
					detail: string | null;
					kind: string | null;
					number: number;
					object: string;
					preview_id: string;
					rank: number;
					risks: NonNullable<Json>;
					stage: string;
					statements: string[];
					words: string;
				};
				ComputedFields: never;
				Insert: {
					action: string;
					calls?: NonNullable<Json>;
					component: string;
					definition_after?: string | null;
					definition_before?: string | null;
					detail?: string | null;
					kind?: string | null;
					number?: never;
					object: string;
					preview_id: string;
					rank: number;
					risks?: NonNullable<Json>;
					stage: string;
					statements?: string[];
					words?: string;
				};
				Update: {
					action?: string;
					calls?: NonNullable<Json>;
					component?: string;
					definition_after?: string | null;
					definition_before?: string | null;
					detail?: string | null;
					kind?: string | null;
					number?: never;
					object?: string;
					preview_id?: string;
					rank?: number;
					risks?: NonNullable<Json>;
					stage?: string;
					statements?: string[];
					words?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'planned_work_preview_id_fkey';
						columns: ['preview_id'];
						isOneToOne: false;
						referencedRelation: 'previews';
						referencedColumns: ['id'];
					},
				];
			};
			previews: {
				Row: {
					count_rows: boolean;
					created_at: string;
					finished_at: string | null;
					id: string;
					options: NonNullable<Json>;
					result: NonNullable<Json>;
					status: string;
					twin_id: string;
				};
				ComputedFields: never;
				Insert: {
					count_rows?: boolean;
					created_at?: string;
					finished_at?: string | null;
					id?: string;
					options?: NonNullable<Json>;
					result?: NonNullable<Json>;
					status?: string;
					twin_id: string;
				};
				Update: {
					count_rows?: boolean;
					created_at?: string;
					finished_at?: string | null;
					id?: string;
					options?: NonNullable<Json>;
					result?: NonNullable<Json>;
					status?: string;
					twin_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'previews_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'previews_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			projects: {
				Row: {
					account_id: string;
					gone_at: string | null;
					has_own_login: boolean;
					is_protected: boolean;
					name: string;
					organization_name: string | null;
					postgres_version: string | null;
					ref: string;
					region: string | null;
					status: string | null;
				};
				ComputedFields: never;
				Insert: {
					account_id: string;
					gone_at?: string | null;
					has_own_login?: boolean;
					is_protected?: boolean;
					name: string;
					organization_name?: string | null;
					postgres_version?: string | null;
					ref: string;
					region?: string | null;
					status?: string | null;
				};
				Update: {
					account_id?: string;
					gone_at?: string | null;
					has_own_login?: boolean;
					is_protected?: boolean;
					name?: string;
					organization_name?: string | null;
					postgres_version?: string | null;
					ref?: string;
					region?: string | null;
					status?: string | null;
				};
				Relationships: [
					{
						foreignKeyName: 'projects_account_id_fkey';
						columns: ['account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
				];
			};
			schedule_slots: {
				Row: {
					job_id: string | null;
					outcome: string;
					reason: string | null;
					schedule_id: string;
					slot_at: string;
				};
				ComputedFields: never;
				Insert: {
					job_id?: string | null;
					outcome: string;
					reason?: string | null;
					schedule_id: string;
					slot_at: string;
				};
				Update: {
					job_id?: string | null;
					outcome?: string;
					reason?: string | null;
					schedule_id?: string;
					slot_at?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'schedule_slots_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'schedule_slots_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'schedule_slots_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'schedule_slots_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'schedule_slots_schedule_id_fkey';
						columns: ['schedule_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['schedule_id'];
					},
					{
						foreignKeyName: 'schedule_slots_schedule_id_fkey';
						columns: ['schedule_id'];
						isOneToOne: false;
						referencedRelation: 'schedules';
						referencedColumns: ['id'];
					},
				];
			};
			schedules: {
				Row: {
					agreed: string[];
					asked: string[];
					created_at: string;
					cron: string | null;
					every_hours: number | null;
					id: string;
					is_active: boolean;
					is_asking: boolean;
					is_confirmed: boolean;
					last_job_id: string | null;
					loss_limit: number;
					name: string;
					next_run_at: string | null;
					options: NonNullable<Json>;
					paused_reason: string | null;
					timezone: string;
					twin_id: string;
				};
				ComputedFields: never;
				Insert: {
					agreed?: string[];
					asked?: string[];
					created_at?: string;
					cron?: string | null;
					every_hours?: number | null;
					id?: string;
					is_active?: boolean;
					is_asking?: boolean;
					is_confirmed?: boolean;
					last_job_id?: string | null;
					loss_limit?: number;
					name: string;
					next_run_at?: string | null;
					options?: NonNullable<Json>;
					paused_reason?: string | null;
					timezone?: string;
					twin_id: string;
				};
				Update: {
					agreed?: string[];
					asked?: string[];
					created_at?: string;
					cron?: string | null;
					every_hours?: number | null;
					id?: string;
					is_active?: boolean;
					is_asking?: boolean;
					is_confirmed?: boolean;
					last_job_id?: string | null;
					loss_limit?: number;
					name?: string;
					next_run_at?: string | null;
					options?: NonNullable<Json>;
					paused_reason?: string | null;
					timezone?: string;
					twin_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'schedules_last_job_id_fkey';
						columns: ['last_job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'schedules_last_job_id_fkey';
						columns: ['last_job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'schedules_last_job_id_fkey';
						columns: ['last_job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'schedules_last_job_id_fkey';
						columns: ['last_job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'schedules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'schedules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			ticks: {
				Row: {
					component: string;
					object: string;
					ticked_at: string;
					twin_id: string;
				};
				ComputedFields: never;
				Insert: {
					component: string;
					object: string;
					ticked_at?: string;
					twin_id: string;
				};
				Update: {
					component?: string;
					object?: string;
					ticked_at?: string;
					twin_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'ticks_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'ticks_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			twins: {
				Row: {
					created_at: string;
					id: string;
					keep_backups: number | null;
					keep_days: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				ComputedFields: never;
				Insert: {
					created_at?: string;
					id?: string;
					keep_backups?: number | null;
					keep_days?: number | null;
					options?: NonNullable<Json>;
					owner_id: string;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				Update: {
					created_at?: string;
					id?: string;
					keep_backups?: number | null;
					keep_days?: number | null;
					options?: NonNullable<Json>;
					owner_id?: string;
					source_account_id?: string;
					source_ref?: string;
					target_account_id?: string;
					target_ref?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'twins_source_account_id_fkey';
						columns: ['source_account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'twins_target_account_id_fkey';
						columns: ['target_account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
				];
			};
			verification_counts: {
				Row: {
					difference: number | null;
					object: string;
					source_rows: number;
					target_rows: number;
					verification_id: string;
				};
				ComputedFields: never;
				Insert: {
					difference?: never;
					object: string;
					source_rows: number;
					target_rows: number;
					verification_id: string;
				};
				Update: {
					difference?: never;
					object?: string;
					source_rows?: number;
					target_rows?: number;
					verification_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'verification_counts_verification_id_fkey';
						columns: ['verification_id'];
						isOneToOne: false;
						referencedRelation: 'verifications';
						referencedColumns: ['id'];
					},
				];
			};
			verification_findings: {
				Row: {
					belongs_to: string | null;
					component: string;
					covers: Json | null;
					examples: string[] | null;
					expected: string | null;
					fix: string | null;
					found: string | null;
					is_missing: boolean;
					object: string;
					objects: number;
					rank: number | null;
					reported_with: string | null;
					severity: string;
					verification_id: string;
				};
				ComputedFields: never;
				Insert: {
					belongs_to?: string | null;
					component: string;
					covers?: Json | null;
					examples?: string[] | null;
					expected?: string | null;
					fix?: string | null;
					found?: string | null;
					is_missing?: boolean;
					object: string;
					objects?: number;
					rank?: never;
					reported_with?: string | null;
					severity: string;
					verification_id: string;
				};
				Update: {
					belongs_to?: string | null;
					component?: string;
					covers?: Json | null;
					examples?: string[] | null;
					expected?: string | null;
					fix?: string | null;
					found?: string | null;
					is_missing?: boolean;
					object?: string;
					objects?: number;
					rank?: never;
					reported_with?: string | null;
					severity?: string;
					verification_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'verification_findings_verification_id_fkey';
						columns: ['verification_id'];
						isOneToOne: false;
						referencedRelation: 'verifications';
						referencedColumns: ['id'];
					},
				];
			};
			verifications: {
				Row: {
					created_at: string;
					finished_at: string | null;
					id: string;
					job_id: string;
					mode: string;
					started_at: string | null;
					status: string;
					summary: Json | null;
					twin_id: string;
				};
				ComputedFields: never;
				Insert: {
					created_at?: string;
					finished_at?: string | null;
					id?: string;
					job_id: string;
					mode: string;
					started_at?: string | null;
					status?: string;
					summary?: Json | null;
					twin_id: string;
				};
				Update: {
					created_at?: string;
					finished_at?: string | null;
					id?: string;
					job_id?: string;
					mode?: string;
					started_at?: string | null;
					status?: string;
					summary?: Json | null;
					twin_id?: string;
				};
				Relationships: [
					{
						foreignKeyName: 'verifications_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'verifications_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'verifications_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'verifications_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'verifications_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'verifications_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
		};
		Views: {
			clone_history: {
				Row: {
					attempt: number;
					backup_id: string | null;
					bytes_done: number | null;
					changes: number | null;
					components_completed: number | null;
					components_failed: number | null;
					components_total: number | null;
					created_at: string;
					duration_seconds: number | null;
					error: Json | null;
					failures: number | null;
					finished_at: string | null;
					has_failures: boolean | null;
					job_id: string;
					kind: string;
					options: NonNullable<Json>;
					parent_id: string | null;
					source_name: string | null;
					source_organization: string | null;
					source_ref: string | null;
					started_at: string | null;
					status: string;
					target_name: string | null;
					target_organization: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'jobs_backup_id_fkey';
						columns: ['backup_id'];
						isOneToOne: false;
						referencedRelation: 'backups';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'jobs_parent_id_fkey';
						columns: ['parent_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			component_durations: {
				Row: {
					average_seconds: number | null;
					component: string;
					longest_seconds: number | null;
					runs: number | null;
					twin_id: string | null;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			delivery_log: {
				Row: {
					answered_at: string | null;
					attempts: number;
					channel_id: string;
					channel_name: string;
					detail: string | null;
					event: string;
					http_status: number | null;
					id: string;
					next_attempt_at: string | null;
					path: string;
					queued_at: string;
					status: string;
					title: string;
					twin_id: string | null;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'notification_channels_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'notification_channels_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'notification_deliveries_channel_id_fkey';
						columns: ['channel_id'];
						isOneToOne: false;
						referencedRelation: 'notification_channels';
						referencedColumns: ['id'];
					},
				];
			};
			job_log: {
				Row: {
					at: string | null;
					component: string | null;
					detail: string | null;
					event: string | null;
					items: number | null;
					job_id: string | null;
					object: string | null;
					place: number | null;
					stage: string | null;
				};
				ComputedFields: never;
				Relationships: [];
			};
			preview_risks: {
				Row: {
					component: string | null;
					object: string | null;
					preview_id: string | null;
					risk: string | null;
				};
				ComputedFields: never;
				Relationships: [];
			};
			schedule_health: {
				Row: {
					asked: string[];
					average_seconds: number | null;
					cron: string | null;
					every_hours: number | null;
					is_active: boolean;
					is_asking: boolean;
					last_failures: number | null;
					last_finished_at: string | null;
					last_job_id: string | null;
					last_skipped_at: string | null;
					last_skipped_reason: string | null;
					last_status: string | null;
					loss_limit: number;
					name: string;
					next_run_at: string | null;
					options: NonNullable<Json>;
					paused_reason: string | null;
					recent_runs: Json | null;
					schedule_id: string;
					source_name: string | null;
					target_name: string | null;
					target_ref: string;
					timezone: string;
					twin_id: string;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'schedules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'schedules_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			twin_overview: {
				Row: {
					clone_count: number | null;
					created_at: string;
					last_changes: number | null;
					last_created_at: string | null;
					last_failures: number | null;
					last_finished_at: string | null;
					last_job_id: string | null;
					last_status: string | null;
					next_run_at: string | null;
					options: NonNullable<Json>;
					source_account_id: string;
					source_name: string | null;
					source_organization: string | null;
					source_ref: string;
					target_account_id: string;
					target_is_protected: boolean | null;
					target_name: string | null;
					target_organization: string | null;
					target_ref: string;
					twin_id: string;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'twins_source_account_id_fkey';
						columns: ['source_account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'twins_target_account_id_fkey';
						columns: ['target_account_id'];
						isOneToOne: false;
						referencedRelation: 'connected_accounts';
						referencedColumns: ['id'];
					},
				];
			};
			twin_tables: {
				Row: {
					name: string | null;
					not_listed: number | null;
					partition_of: string | null;
					read_at: string | null;
					row_estimate: number | null;
					twin_id: string;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'previews_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'previews_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
			twin_to_do: {
				Row: {
					at: string;
					component: string;
					detail: string | null;
					fix: string | null;
					job_id: string;
					object: string;
					ticked_at: string | null;
					twin_id: string | null;
				};
				ComputedFields: never;
				Relationships: [
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'clone_history';
						referencedColumns: ['job_id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'jobs';
						referencedColumns: ['id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'schedule_health';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'job_items_job_id_fkey';
						columns: ['job_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['last_job_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twin_overview';
						referencedColumns: ['twin_id'];
					},
					{
						foreignKeyName: 'jobs_twin_id_fkey';
						columns: ['twin_id'];
						isOneToOne: false;
						referencedRelation: 'twins';
						referencedColumns: ['id'];
					},
				];
			};
		};
		Functions: {
			arm: {
				Args: { component?: string; confirm_target?: string; object?: string; twin_id: string };
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			cancel_job: {
				Args: { job_id: string };
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			change_channel: {
				Args: {
					channel_id: string;
					events: string[];
					is_enabled: boolean;
					name: string;
					twin_id?: string;
				};
				Returns: {
					created_at: string;
					destination: string;
					events: string[];
					id: string;
					is_enabled: boolean;
					kind: string;
					name: string;
					owner_id: string;
					stopped_reason: string | null;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'notification_channels';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			delete_backup: {
				Args: { backup_id: string };
				Returns: {
					account_id: string | null;
					bytes: number;
					components: string[];
					created_at: string;
					destination_id: string | null;
					error: Json | null;
					expires_at: string | null;
					finished_at: string | null;
					folder: string;
					id: string;
					is_being_proven: boolean;
					is_unwanted: boolean;
					job_id: string | null;
					location: string | null;
					manifest_sha256: string | null;
					moments: number | null;
					owner_id: string;
					problems: number;
					project_name: string;
					proof: Json | null;
					proven_at: string | null;
					recipient: string | null;
					ref: string;
					row_count: number;
					status: string;
					tables: number;
					tables_total: number | null;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'backups';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			delete_channel: { Args: { channel_id: string }; Returns: undefined };
			delete_destination: { Args: { destination_id: string }; Returns: undefined };
			delete_schedule: { Args: { schedule_id: string }; Returns: undefined };
			next_runs: {
				Args: { cron?: string; every_hours?: number; runs?: number; timezone?: string };
				Returns: string[];
			};
			open_twin: {
				Args: {
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				Returns: {
					created_at: string;
					id: string;
					keep_backups: number | null;
					keep_days: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				SetofOptions: {
					from: '*';
					to: 'twins';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			prove_backup: {
				Args: { backup_id: string; mode?: string };
				Returns: {
					account_id: string | null;
					bytes: number;
					components: string[];
					created_at: string;
					destination_id: string | null;
					error: Json | null;
					expires_at: string | null;
					finished_at: string | null;
					folder: string;
					id: string;
					is_being_proven: boolean;
					is_unwanted: boolean;
					job_id: string | null;
					location: string | null;
					manifest_sha256: string | null;
					moments: number | null;
					owner_id: string;
					problems: number;
					project_name: string;
					proof: Json | null;
					proven_at: string | null;
					recipient: string | null;
					ref: string;
					row_count: number;
					status: string;
					tables: number;
					tables_total: number | null;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'backups';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			replay_delivery: {
				Args: { delivery_id: string };
				Returns: {
					answered_at: string | null;
					attempts: number;
					channel_id: string;
					detail: string | null;
					http_status: number | null;
					id: string;
					next_attempt_at: string | null;
					notification_id: string;
					queued_at: string;
					status: string;
				};
				SetofOptions: {
					from: '*';
					to: 'notification_deliveries';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			run_again: {
				Args: { components?: string[]; job_id: string };
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			run_schedule: {
				Args: { schedule_id: string };
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			save_retention: {
				Args: { keep_backups: number; keep_days: number; twin_id: string };
				Returns: {
					created_at: string;
					id: string;
					keep_backups: number | null;
					keep_days: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				SetofOptions: {
					from: '*';
					to: 'twins';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			save_schedule: {
				Args: {
					cron?: string;
					every_hours?: number;
					is_active?: boolean;
					loss_limit?: number;
					name: string;
					options?: Json;
					schedule_id?: string;
					timezone?: string;
					twin_id: string;
				};
				Returns: {
					agreed: string[];
					asked: string[];
					created_at: string;
					cron: string | null;
					every_hours: number | null;
					id: string;
					is_active: boolean;
					is_asking: boolean;
					is_confirmed: boolean;
					last_job_id: string | null;
					loss_limit: number;
					name: string;
					next_run_at: string | null;
					options: NonNullable<Json>;
					paused_reason: string | null;
					timezone: string;
					twin_id: string;
				};
				SetofOptions: {
					from: '*';
					to: 'schedules';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			start_backup: {
				Args: { account_id: string; options?: Json; ref: string };
				Returns: {
					account_id: string | null;
					bytes: number;
					components: string[];
					created_at: string;
					destination_id: string | null;
					error: Json | null;
					expires_at: string | null;
					finished_at: string | null;
					folder: string;
					id: string;
					is_being_proven: boolean;
					is_unwanted: boolean;
					job_id: string | null;
					location: string | null;
					manifest_sha256: string | null;
					moments: number | null;
					owner_id: string;
					problems: number;
					project_name: string;
					proof: Json | null;
					proven_at: string | null;
					recipient: string | null;
					ref: string;
					row_count: number;
					status: string;
					tables: number;
					tables_total: number | null;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'backups';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			start_clone: {
				Args: {
					agreed?: string[];
					options?: Json;
					preview_id?: string;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
					without_preview?: boolean;
				};
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			start_preview: {
				Args: {
					count_rows?: boolean;
					options?: Json;
					source_account_id: string;
					source_ref: string;
					target_account_id: string;
					target_ref: string;
				};
				Returns: {
					count_rows: boolean;
					created_at: string;
					finished_at: string | null;
					id: string;
					options: NonNullable<Json>;
					result: NonNullable<Json>;
					status: string;
					twin_id: string;
				};
				SetofOptions: {
					from: '*';
					to: 'previews';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			start_restore: {
				Args: { backup_id: string; options?: Json; target_account_id: string; target_ref: string };
				Returns: {
					agreed: string[] | null;
					attempt: number;
					backup_id: string | null;
					cancel_requested_at: string | null;
					created_at: string;
					error: Json | null;
					finished_at: string | null;
					id: string;
					kind: string;
					loss_limit: number | null;
					options: NonNullable<Json>;
					owner_id: string;
					parent_id: string | null;
					report: Json | null;
					schedule_id: string | null;
					started_at: string | null;
					status: string;
					target_account_id: string | null;
					target_ref: string;
					trigger: string;
					twin_id: string | null;
				};
				SetofOptions: {
					from: '*';
					to: 'jobs';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			start_verification: {
				Args: { job_id: string; mode?: string };
				Returns: {
					created_at: string;
					finished_at: string | null;
					id: string;
					job_id: string;
					mode: string;
					started_at: string | null;
					status: string;
					summary: Json | null;
					twin_id: string;
				};
				SetofOptions: {
					from: '*';
					to: 'verifications';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
			test_channel: {
				Args: { channel_id: string };
				Returns: {
					answered_at: string | null;
					attempts: number;
					channel_id: string;
					detail: string | null;
					http_status: number | null;
					id: string;
					next_attempt_at: string | null;
					notification_id: string;
					queued_at: string;
					status: string;
				};
				SetofOptions: {
					from: '*';
					to: 'notification_deliveries';
					isOneToOne: true;
					isSetofReturn: false;
				};
			};
		};
		Enums: {
			[_ in never]: never;
		};
		CompositeTypes: {
			[_ in never]: never;
		};
	};
};

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'public'>];

export type Tables<
	DefaultSchemaTableNameOrOptions extends
		| keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
		| { schema: keyof DatabaseWithoutInternals },
	TableName extends (DefaultSchemaTableNameOrOptions extends {
		schema: keyof DatabaseWithoutInternals;
	}
		? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
				DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
		: never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
	? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
			DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
			Row: infer R;
		}
		? R
		: never
	: DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
		? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
				Row: infer R;
			}
			? R
			: never
		: never;

export type TablesInsert<
	DefaultSchemaTableNameOrOptions extends
		keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
	TableName extends (DefaultSchemaTableNameOrOptions extends {
		schema: keyof DatabaseWithoutInternals;
	}
		? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
		: never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
	? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
			Insert: infer I;
		}
		? I
		: never
	: DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
		? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
				Insert: infer I;
			}
			? I
			: never
		: never;

export type TablesUpdate<
	DefaultSchemaTableNameOrOptions extends
		keyof DefaultSchema['Tables'] | { schema: keyof DatabaseWithoutInternals },
	TableName extends (DefaultSchemaTableNameOrOptions extends {
		schema: keyof DatabaseWithoutInternals;
	}
		? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
		: never) = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
	? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
			Update: infer U;
		}
		? U
		: never
	: DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
		? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
				Update: infer U;
			}
			? U
			: never
		: never;

export type Enums<
	DefaultSchemaEnumNameOrOptions extends
		keyof DefaultSchema['Enums'] | { schema: keyof DatabaseWithoutInternals },
	EnumName extends (DefaultSchemaEnumNameOrOptions extends {
		schema: keyof DatabaseWithoutInternals;
	}
		? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
		: never) = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
	? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
	: DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
		? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
		: never;

export type CompositeTypes<
	PublicCompositeTypeNameOrOptions extends
		keyof DefaultSchema['CompositeTypes'] | { schema: keyof DatabaseWithoutInternals },
	CompositeTypeName extends (PublicCompositeTypeNameOrOptions extends {
		schema: keyof DatabaseWithoutInternals;
	}
		? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
		: never) = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
	? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
	: PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
		? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
		: never;

export const Constants = {
	public: {
		Enums: {},
	},
} as const;
