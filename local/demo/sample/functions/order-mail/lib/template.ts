interface Order {
	readonly number: string;
	readonly status: string;
}

/** The text of the mail about an order. */
export function mailText(order: Order): string {
	return `Your order ${order.number} is now ${order.status}.\n\nGrüße vom Leuchtturm ☼`;
}
