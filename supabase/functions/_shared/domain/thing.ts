// Everything that the product counts or has a kind of, with its name for one and for several. The engine, the command
// line and the web app take their nouns from here; nobody makes a plural of a name.

const THINGS = {
	// Of Twins itself.
	clone: ['clone', 'clones'],
	attempt: ['attempt', 'attempts'],
	component: ['component', 'components'],
	project: ['project', 'projects'],
	organization: ['organization', 'organizations'],
	ignore_rule: ['ignore rule', 'ignore rules'],
	failure: ['failure', 'failures'],
	retry: ['retry', 'retries'],
	slice: ['slice', 'slices'],
	change: ['change', 'changes'],
	difference: ['difference', 'differences'],
	blocker: ['blocker', 'blockers'],
	warning: ['warning', 'warnings'],
	note: ['note', 'notes'],
	object: ['object', 'objects'],
	// Contents.
	row: ['row', 'rows'],
	byte: ['byte', 'bytes'],
	file: ['file', 'files'],
	bucket: ['bucket', 'buckets'],
	user: ['user', 'users'],
	identity: ['identity', 'identities'],
	mfa_factor: ['second factor', 'second factors'],
	provider: ['provider', 'providers'],
	job: ['job', 'jobs'],
	webhook: ['webhook', 'webhooks'],
	publication: ['publication', 'publications'],
	setting: ['setting', 'settings'],
	// What a schema is made of: the kinds of `schema/kinds`.
	role: ['role', 'roles'],
	role_attribute: ['role attribute', 'role attributes'],
	role_comment: ['comment on a role', 'comments on roles'],
	membership: ['membership', 'memberships'],
	schema: ['schema', 'schemas'],
	extension: ['extension', 'extensions'],
	extension_comment: ['comment on an extension', 'comments on extensions'],
	collation: ['collation', 'collations'],
	base_type: ['base type', 'base types'],
	enum: ['enum', 'enums'],
	composite_type: ['composite type', 'composite types'],
	range: ['range', 'ranges'],
	domain: ['domain', 'domains'],
	domain_default: ['domain default', 'domain defaults'],
	domain_check: ['domain check', 'domain checks'],
	sequence: ['sequence', 'sequences'],
	sequence_owner: ['sequence owner', 'sequence owners'],
	table: ['table', 'tables'],
	inheritance: ['inheritance', 'inheritances'],
	partition: ['partition', 'partitions'],
	foreign_data_wrapper: ['foreign data wrapper', 'foreign data wrappers'],
	foreign_server: ['foreign server', 'foreign servers'],
	user_mapping: ['user mapping', 'user mappings'],
	foreign_table: ['foreign table', 'foreign tables'],
	column: ['column', 'columns'],
	default: ['default', 'defaults'],
	not_null: ['not null', 'not nulls'],
	check: ['check', 'checks'],
	constraint_copy: ['constraint copy', 'constraint copies'],
	validated_copy: ['validated copy', 'validated copies'],
	primary_key: ['primary key', 'primary keys'],
	unique_constraint: ['unique constraint', 'unique constraints'],
	exclusion_constraint: ['exclusion constraint', 'exclusion constraints'],
	foreign_key: ['foreign key', 'foreign keys'],
	index: ['index', 'indexes'],
	index_partition: ['index partition', 'index partitions'],
	statistics: ['statistics', 'statistics'],
	replica_identity: ['replica identity', 'replica identities'],
	clustered: ['clustered', 'clustered'],
	language: ['language', 'languages'],
	function: ['function', 'functions'],
	leakproof: ['leakproof', 'leakproof'],
	support_function: ['support function', 'support functions'],
	aggregate: ['aggregate', 'aggregates'],
	operator: ['operator', 'operators'],
	operator_family: ['operator family', 'operator families'],
	operator_class: ['operator class', 'operator classes'],
	cast: ['cast', 'casts'],
	transform: ['transform', 'transforms'],
	conversion: ['conversion', 'conversions'],
	text_search_parser: ['text search parser', 'text search parsers'],
	text_search_template: ['text search template', 'text search templates'],
	text_search_dictionary: ['text search dictionary', 'text search dictionaries'],
	text_search_configuration: ['text search configuration', 'text search configurations'],
	view: ['view', 'views'],
	materialized_view: ['materialized view', 'materialized views'],
	rule: ['rule', 'rules'],
	trigger: ['trigger', 'triggers'],
	partition_trigger: ['partition trigger', 'partition triggers'],
	event_trigger: ['event trigger', 'event triggers'],
	policy: ['policy', 'policies'],
	row_security: ['row level security', 'row level security'],
	publication_member: ['publication member', 'publication members'],
	owner: ['owner', 'owners'],
	default_privileges: ['default privileges', 'default privileges'],
	privileges: ['privileges', 'privileges'],
	column_privileges: ['column privileges', 'column privileges'],
	comment: ['comment', 'comments'],
} as const satisfies Readonly<Record<string, readonly [one: string, many: string]>>;

export type Thing = keyof typeof THINGS;

export const isThing = (value: unknown): value is Thing =>
	typeof value === 'string' && Object.hasOwn(THINGS, value);

/** What one of it is called: `foreign key`. */
export const nameOfOne = (thing: Thing): string => THINGS[thing][0];

/** One of it with its name, `table public.orders`; objects whose name says their kind are not called so twice. */
export const nameWith = (thing: Thing, object: string): string =>
	object.startsWith(`${nameOfOne(thing)} `) ? object : `${nameOfOne(thing)} ${object}`;

/** What several of it are called: `foreign keys`. */
export const nameOfMany = (thing: Thing): string => THINGS[thing][1];
