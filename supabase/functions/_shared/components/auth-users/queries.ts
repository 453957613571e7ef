// The constant SQL of the component Auth users. What depends on the columns both endpoints have is built in
// statements.ts.

/** Columns of table $1 of schema auth, in order. Generated ones cannot be written. */
export const COLUMNS = `
	select a.attname as name, not a.attnotnull as nullable
	from pg_catalog.pg_attribute a
	where a.attrelid = pg_catalog.to_regclass('auth.' || pg_catalog.quote_ident($1)) and a.attnum > 0
	  and not a.attisdropped
		and a.attgenerated = '' and a.attidentity = ''
	order by a.attnum`;

/** Unique indexes of table $1 of schema auth, besides its key: columns and condition. */
export const UNIQUE_INDEXES = `
	select i.indexrelid::pg_catalog.regclass::pg_catalog.text as name,
	  pg_catalog.pg_get_expr(i.indpred, i.indrelid) as condition,
		(select pg_catalog.json_agg(a.attname order by k.position)
		from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as k(attnum, position)
			join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) as columns
	from pg_catalog.pg_index i
	where i.indrelid = pg_catalog.to_regclass('auth.' || pg_catalog.quote_ident($1)) and i.indisunique
	  and not i.indisprimary
		and i.indisvalid and i.indexprs is null
	order by 1`;

/** Triggers of the user on the copied tables that run even while a clone writes (replica, always). */
export const UNSTOPPABLE_TRIGGERS = `
	select t.tgname as name, c.relname as "table"
	from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
	where c.relnamespace = 'auth'::pg_catalog.regnamespace and c.relname in ('users', 'identities', 'mfa_factors')
		and not t.tgisinternal and t.tgenabled in ('A', 'R')
	order by 2, 1`;

/** Ids of the SSO providers, as they show in the provider of an identity. */
export const SSO_PROVIDERS = `
	select 'sso:' || id::pg_catalog.text as provider from auth.sso_providers order by id`;

export const HAS_SSO_PROVIDERS = `select pg_catalog.to_regclass('auth.sso_providers') is not null as present`;

/** A value encrypted by Auth with a key of its own project: JSON that names the key. */
export const isEncrypted = (column: string): string => `${column} like '{%"key_id"%'`;

/** What will not go over as it is. */
export const PECULIARITIES = `
	select
		(select pg_catalog.count(*)::pg_catalog.int4 from auth.users
		where ${isEncrypted('encrypted_password')}) as encrypted_passwords,
		(select pg_catalog.count(*)::pg_catalog.int4 from auth.mfa_factors) as factors,
		(select pg_catalog.count(*)::pg_catalog.int4 from auth.mfa_factors
		where ${isEncrypted('secret')}) as encrypted_factors,
		(select pg_catalog.count(*)::pg_catalog.int4 from auth.mfa_factors
		where factor_type::pg_catalog.text = 'webauthn') as webauthn_factors`;

/** SSO identities by provider. */
export const SSO_IDENTITIES = `
	select provider, pg_catalog.count(*)::pg_catalog.int4 as identities from auth.identities
	where provider like 'sso:%' group by provider order by provider`;

/** Some users whose password is encrypted with their project's key. */
export const ENCRYPTED_USERS = `
	select id::pg_catalog.text from auth.users where ${isEncrypted('encrypted_password')} order by id limit 50`;

/** Users by way of signing in; users with several count in each. */
export const PROVIDERS = `
	select provider, pg_catalog.count(distinct user_id)::pg_catalog.int4 as users from auth.identities
	group by provider order by 2 desc, 1 limit 500`;

/** Foreign keys that point into schema auth: of the application's tables, and of auth's own. */
export const REFERENCES_TO = `
	select pg_catalog.format('%I.%I.%I', n.nspname, c.relname, k.conname) as object, n.nspname as schema,
	  c.relname as table,
		f.relname as to, n.nspname <> 'auth' as "isOfUser", k.confdeltype = 'n' as "setsNull",
		c.relkind = 'p' as "hasPartitions",
		(select pg_catalog.jsonb_agg(a.attname order by u.position)
		from pg_catalog.unnest(k.conkey) with ordinality u(attnum, position)
			join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum) as columns,
		(select pg_catalog.jsonb_agg(a.attname order by u.position)
		from pg_catalog.unnest(k.confkey) with ordinality u(attnum, position)
			join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum) as keys
	from pg_catalog.pg_constraint k
	join pg_catalog.pg_class c on c.oid = k.conrelid
	join pg_catalog.pg_namespace n on n.oid = c.relnamespace
	join pg_catalog.pg_class f on f.oid = k.confrelid
	where k.contype = 'f' and k.conparentid = 0 and f.relnamespace = 'auth'::pg_catalog.regnamespace
	order by 1`;

/** All columns of table $1 of schema auth, generated ones too. */
export const ALL_COLUMNS = `
	select a.attname as name from pg_catalog.pg_attribute a
	where a.attrelid = pg_catalog.to_regclass('auth.' || pg_catalog.quote_ident($1)) and a.attnum > 0
	  and not a.attisdropped
	order by a.attnum`;
