// Things that a closed row of the preview counts; an open one counts all.
export const FEW_COUNTS = 3;
