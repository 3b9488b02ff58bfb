/** How a run is shown; the first unless the address says another. */
export const viewNames = ["waterfall", "transcript", "list"] as const;
export type ViewName = (typeof viewNames)[number];
