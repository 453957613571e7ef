// An error of the local stack that its user can mend: printed as one line with the fix, without a stack.

export class StackError extends Error {
	readonly fix: string;

	constructor(message: string, fix: string) {
		super(message);
		this.name = 'StackError';
		this.fix = fix;
	}
}
