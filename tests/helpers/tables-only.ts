// Component `tables` alone, for tests of others that need tables on the target.
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { leftOutStage } from '../../supabase/functions/_shared/schema-stages/left-out.ts';
import { schemaVerify } from '../../supabase/functions/_shared/schema-stages/verify.ts';

/** The product's component, without naming what a clone leaves out. */
export const tablesOnly: Component = {
	...tables,
	stages: tables.stages.filter((stage) => stage !== leftOutStage),
	verify: (context) => schemaVerify(context, ['tables']),
};
