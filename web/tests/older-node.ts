// For the tests alone: what browsers have since 2023 and Debian's Node 18 has not.
const lists = Array.prototype;
lists.toSorted ??= function <T>(this: T[], order?: (a: T, b: T) => number): T[] {
  return [...this].sort(order);
};
lists.toReversed ??= function <T>(this: T[]): T[] {
  return [...this].reverse();
};
Map.groupBy ??= function <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
};
