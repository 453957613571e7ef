// The bar with Back and Continue stays in sight on every page of the wizard, above the phone's navigation. Not in a low window
// (200 % zoom): it would leave no room for the page.
export const FOOTER_LOOK =
	'sticky bottom-14 z-20 -mx-4 mt-6 flex flex-wrap items-center gap-3 border-t bg-bg px-4 py-3 [@media(height<36rem)]:static sm:mx-0 sm:px-0 md:bottom-0';
