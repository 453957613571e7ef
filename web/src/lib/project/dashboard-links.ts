// Where things are in the vendor's dashboard. Pure.

const DASHBOARD = 'https://supabase.com/dashboard/project';

const PLACES: Readonly<Record<string, string>> = {
	tables: 'database/tables',
	data: 'editor',
	views: 'database/tables',
	functions: 'database/functions',
	triggers: 'database/triggers',
	policies: 'auth/policies',
	edge_functions: 'functions',
	storage: 'storage/buckets',
	auth_users: 'auth/users',
	cron_jobs: 'integrations/cron/jobs',
	webhooks: 'integrations/webhooks/webhooks',
	realtime: 'database/publications',
	project_config: 'settings/general',
};

/** The page of a project, or of the place in it where a component's object is seen to. */
export function dashboardLink(ref: string, component?: string, object = ''): string {
	const root = `${DASHBOARD}/${ref}`;
	if (component === undefined) return root;
	if (component === 'edge_functions' && /secret/i.test(object)) return `${root}/functions/secrets`;
	if (component === 'project_config' && object.startsWith('auth.')) {
		if (object.startsWith('auth.smtp_')) return `${root}/auth/smtp`;
		if (object.startsWith('auth.hook_')) return `${root}/auth/hooks`;
		return `${root}/auth/providers`;
	}
	const place = PLACES[component];
	return place === undefined ? root : `${root}/${place}`;
}
