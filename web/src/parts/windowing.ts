/** Rows beyond each edge of the picture that are drawn, too, so that a fast scroll does not show their absence. */
const beyond = 8;

/** Which rows of a list of fixed row height are to be drawn: from `first` up to, not including, `end`. */
export function visibleRows(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { first: number; end: number } {
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight), count) - beyond);
  const end = Math.min(count, Math.max(0, Math.ceil((top + height) / rowHeight)) + beyond);
  return { first, end: Math.max(first, end) };
}

/** Where to scroll to so that a row is seen whole; the present position when it is. `height` is that of the room for rows. */
export function scrollTo(index: number, top: number, height: number, rowHeight: number): number {
  const rowTop = index * rowHeight;
  if (rowTop < top) return rowTop;
  return rowTop + rowHeight > top + height ? Math.max(0, rowTop + rowHeight - height) : top;
}

/** Where a key leads from a row (-1: none is chosen yet); null when the key means nothing in a list. */
export function rowAfterKey(key: string, index: number, count: number, page: number): number | null {
  const within = (n: number): number => Math.max(0, Math.min(count - 1, n));
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown":
      return within(index + 1);
    case "ArrowUp":
      return within(index - 1);
    case "PageDown":
      return within(index + page);
    case "PageUp":
      return within(index - page);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}
