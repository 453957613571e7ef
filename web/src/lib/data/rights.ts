// What the token of an account may do, as it was found when the token was saved.
import { COMPONENTS, type ComponentKey, type ComponentLabel } from '#shared/domain/component.ts';
import type { EndpointRole } from '#shared/domain/endpoint-role.ts';
import {
	type ComponentReach,
	lacksOf,
	reachOf,
	type Rights,
	rightsSchema,
} from '#shared/domain/rights.ts';
import type { AccountRow } from './rows.ts';

/** Null where it was never asked, or another version of Twins asked. */
export function rightsOf(account: Pick<AccountRow, 'rights'> | undefined): Rights | null {
	return rightsSchema.safeParse(account?.rights).data ?? null;
}

export interface RightsLine {
	readonly component: ComponentLabel;
	readonly source: ComponentReach;
	readonly target: ComponentReach;
}

/** One line per component. */
export function rightsMatrix(rights: Rights | null): RightsLine[] {
	return COMPONENTS.map((component) => ({
		component,
		source: reachOf(component.key, 'source', rights),
		target: reachOf(component.key, 'target', rights),
	}));
}

/** What a clone of these components lacks on one endpoint, in sentences. */
export function lackWords(
	components: readonly ComponentKey[],
	role: EndpointRole,
	rights: Rights | null,
): string[] {
	const endpoint = role === 'source' ? 'Source' : 'Target';
	return lacksOf(components, role, rights).map(
		({ without, permissions }) =>
			`${endpoint}: ${without}. The token lacks ${permissions.join(' or ')}.`,
	);
}
