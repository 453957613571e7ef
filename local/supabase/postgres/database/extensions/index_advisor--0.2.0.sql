-- index_advisor for the local stack: which single-column btree indexes would the planner use for a query?

create function index_advisor(query text) returns table (
  startup_cost_before jsonb, startup_cost_after jsonb, total_cost_before jsonb, total_cost_after jsonb,
  index_statements text[], errors text[]
)
volatile
language plpgsql set plan_cache_mode = force_generic_plan
as $$
declare
  hypo constant text := (
    select n.nspname from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'hypopg'
  );
  statement constant text := rtrim(btrim(regexp_replace(query, '^\s*--[^\n]*\n', '', 'g')), ';');
  working constant text := 'index_advisor_working_statement';
  parameters integer;
  explain text;
  plan jsonb;
  candidate record;
begin
  if statement ~ ';' then
    raise exception 'Query must not contain a semicolon';
  end if;
  begin
    if exists (select from pg_prepared_statements as p where p.name = working) then
      execute format('deallocate %I', working);
    end if;
    execute format('prepare %I as %s', working, statement);
    select cardinality(p.parameter_types) into parameters
    from pg_prepared_statements as p where p.name = working;
    explain := format(
      'explain (format json, verbose) execute %I%s', working,
      case when parameters > 0
        then '(' || array_to_string(array_fill('null'::text, array[parameters]), ', ') || ')' else '' end
    );
    execute explain into plan;
    startup_cost_before := plan #> '{0,Plan,Startup Cost}';
    total_cost_before := plan #> '{0,Plan,Total Cost}';

    for candidate in
      select c.oid::regclass as relation, a.attname, n.nspname, c.relname
      from jsonb_path_query(plan, 'strict $.**?(@."Relation Name" <> "")') as node
      join pg_namespace as n on n.nspname = node ->> 'Schema'
      join pg_class as c on c.relnamespace = n.oid and c.relname = node ->> 'Relation Name' and c.relkind in ('r', 'm')
      join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where exists (
          select from pg_opclass as o join pg_am as m on m.oid = o.opcmethod
          where m.amname = 'btree' and o.opcdefault
            and (o.opcintype = a.atttypid or (a.atttypid = 'varchar'::regtype and o.opcintype = 'text'::regtype))
        )
        and not exists (select from pg_index as i where i.indrelid = c.oid and i.indkey[0] = a.attnum)
      group by 1, 2, 3, 4, a.attnum order by 1, a.attnum
    loop
      execute format('select from %I.hypopg_create_index(%L)', hypo,
        format('create index on %s using btree (%I)', candidate.relation, candidate.attname));
    end loop;
    execute format('deallocate %I', working);
    execute format('prepare %I as %s', working, statement);
    execute explain into plan;
    startup_cost_after := plan #> '{0,Plan,Startup Cost}';
    total_cost_after := plan #> '{0,Plan,Total Cost}';
    execute format(
      'select coalesce(array_agg(distinct %1$I.hypopg_get_indexdef(l.indexrelid)), %2$L)
      from %1$I.hypopg_list_indexes as l
      where exists (
        select from jsonb_path_query($1, %3$L) as node where node ->> %4$L = l.index_name
      )',
      hypo, '{}', 'strict $.**?(@."Index Name" <> "")', 'Index Name'
    ) using plan into index_statements;
    errors := '{}';
  exception when others then
    startup_cost_before := null;
    startup_cost_after := null;
    total_cost_before := null;
    total_cost_after := null;
    index_statements := '{}';
    errors := array[sqlerrm];
  end;
  execute format('select %I.hypopg_reset()', hypo);
  if exists (select from pg_prepared_statements as p where p.name = working) then
    execute format('deallocate %I', working);
  end if;
  return next;
end
$$;
