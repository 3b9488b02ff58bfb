import type { Problem } from "./ask";

const firstPause = 2_000;
const longestPause = 15_000;

/** Whether the same question may be answered later without anybody's doing: nothing answered, or what stands behind it
 * is away. */
export const isPassing = ({ status }: Problem): boolean => status === null || status === 429 || status >= 502;

/** How long to wait before it is asked again after so many failures in a row, in milliseconds. */
export const pauseAfter = (failures: number): number => Math.min(longestPause, firstPause * 2 ** (failures - 1));
