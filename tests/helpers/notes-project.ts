// A project with one protected table, a view and functions, served by the REST service: for its tests.
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { importJWK, SignJWT } from 'jose';
import postgres from 'postgres';
import { atEnd } from './at-end.ts';
import { createRest } from '../../local/supabase/gateway/rest.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { freshProject } from './clusters.ts';
import { openGateway } from './gateway.ts';

export const OWNER = '11111111-1111-4111-8111-111111111111';
export const STRANGER = '22222222-2222-4222-8222-222222222222';

const SCHEMA = `
create table public.notes (
  id integer primary key, owner_id uuid not null, title text not null unique, body jsonb default '{"a": [1, null]}',
  price numeric(10, 2), tags text[], done boolean not null default false, "odd ""name" text, at timestamptz
);
alter table public.notes enable row level security;
create policy "Owners see their notes" on public.notes to authenticated
  using (owner_id = (auth.jwt() ->> 'sub')::uuid) with check (owner_id = (auth.jwt() ->> 'sub')::uuid);
grant select, insert, update, delete on public.notes to authenticated, service_role;
create table public.drop_box (id integer generated always as identity primary key, text text);
alter table public.drop_box enable row level security;
create policy "Anyone may drop" on public.drop_box for insert to anon, authenticated with check (true);
grant insert on public.drop_box to anon, authenticated;
create table public.secrets (id integer);
create view public.note_titles with (security_invoker) as select id, title from public.notes;
grant select on public.note_titles to authenticated;

create function public.add_note(id integer, title text, options jsonb default '{}') returns public.notes
language sql as $$
  insert into public.notes (id, owner_id, title, body)
  values (id, (auth.jwt() ->> 'sub')::uuid, title, options) returning *
$$;
create function public.find_notes(words text[]) returns setof public.notes language sql stable
as $$ select * from public.notes where title = any (words) order by id $$;
create function public.titles() returns setof text language sql stable
as $$ select title from public.notes order by id $$;
create function public.total(factor numeric default 1) returns numeric language sql stable
as $$ select count(*) * factor from public.notes $$;
create function public.touch(id integer) returns void language sql
as $$ update public.notes set done = true where notes.id = touch.id $$;
create function public.summary() returns table (title text, words integer) language sql stable
as $$ select title, 1 from public.notes order by id $$;
create function public.refuse_me() returns void language plpgsql
as $$ begin raise exception 'not today' using hint = 'come back tomorrow', detail = 'closed'; end $$;
create function public.who() returns jsonb language sql stable
as $$ select jsonb_build_object('current', current_user, 'session', session_user, 'sub', auth.jwt() ->> 'sub') $$;
`;

export interface NotesProject {
	readonly project: LocalProject;
	/** Role postgres. */
	readonly sql: postgres.Sql;
	/** A user's token of the project, valid for `seconds` (600). */
	tokenOf(sub: string, seconds?: number): Promise<string>;
	client(key: string, token?: string): SupabaseClient;
	/** A client signed in as the user (OWNER). */
	asUser(sub?: string): Promise<SupabaseClient>;
}

/** Made once per test file, closed when it ends. */
export async function openNotesProject(): Promise<NotesProject> {
	const urls = await freshProject();
	const sql = postgres(urls.dbUrl, { max: 1, onnotice: () => undefined });
	atEnd(() => sql.end());
	await sql.unsafe(SCHEMA);
	const project = await openGateway(urls, { rest: createRest });
	const tokenOf = async (sub: string, seconds = 600): Promise<string> =>
		new SignJWT({ role: 'authenticated', sub })
			.setProtectedHeader({ alg: 'ES256', kid: 'test-key' })
			.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
			.sign(await importJWK({ ...project.signingKey }, 'ES256'));
	const client = (key: string, token?: string) =>
		createClient(project.url, key, {
			auth: { persistSession: false, autoRefreshToken: false },
			...(token === undefined ? {} : { accessToken: () => Promise.resolve(token) }),
		});
	return {
		project,
		sql,
		tokenOf,
		client,
		asUser: async (sub = OWNER) => client(project.publishableKey, await tokenOf(sub)),
	};
}
