// What must be agreed to before a clone, in groups as people are asked for it.
import { isRiskKind, RISKS } from '#shared/domain/risk.ts';

export interface NamedRisk {
	readonly risk: string;
	readonly object: string;
}

export interface RiskGroup {
	readonly risk: string;
	readonly label: string;
	readonly objects: readonly string[];
}

/** What was named in one text, as the database stores it: "kind object". */
export function namedRisk(name: string): NamedRisk {
	const space = name.indexOf(' ');
	return { risk: name.slice(0, space), object: name.slice(space + 1) };
}

/** One group per kind, in the order of the catalogue; one that another version named comes last. */
export function groupRisks(risks: readonly NamedRisk[]): RiskGroup[] {
	const kinds = Object.keys(RISKS);
	return [...Map.groupBy(risks, ({ risk }) => risk)]
		.map(([risk, all]) => ({
			risk,
			label: isRiskKind(risk) ? RISKS[risk] : risk,
			objects: [...new Set(all.map(({ object }) => object))],
		}))
		.toSorted((one, other) => kinds.indexOf(one.risk) - kinds.indexOf(other.risk));
}
