// What of a clone must be agreed to by name before it runs: what makes the target less safe than it is, and what takes
// something away from it. The database asks for it as well (`private.refuse_risks`); names are all that it compares.

/** Each kind of risk with what is said of it. */
export const RISKS = {
	rls_off: 'Row level security is switched off or no longer forced',
	grants: 'Others may do more than they may now',
	policies: 'Policies may let more through',
	invoker: 'Views read as their owner, no longer as whoever asks (security_invoker is lost)',
	definer: 'Functions run with the rights of their owner (security definer)',
	password: 'Passwords may be shorter or simpler',
	mfa: 'Second factors can no longer be used',
	sign_up: 'Anybody can sign up',
	site_url: 'Links in mails lead to localhost',
	dropped: 'Tables or columns are dropped with all that is in them',
	removed: 'What only the target has is removed',
	unread: 'Could not be read: nobody knows what happens to it',
	contents: 'More than half of what the target holds is removed',
} as const;

export type RiskKind = keyof typeof RISKS;

export interface Risk {
	readonly risk: RiskKind;
	/** What of the target it is about. */
	readonly object: string;
}

/** Names of what loses protection or contents, as they are agreed to. */
export const riskName = ({ risk, object }: Risk): string => `${risk} ${object}`;

export const isRiskKind = (text: string): text is RiskKind => Object.hasOwn(RISKS, text);
