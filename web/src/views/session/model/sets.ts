// Sets that are never changed in place, so that who holds one sees a change.

export function including<T>(set: ReadonlySet<T>, value: T): Set<T> {
  return new Set([...set, value]);
}

export function excluding<T>(set: ReadonlySet<T>, ...values: T[]): Set<T> {
  return new Set([...set].filter((each) => !values.includes(each)));
}

export const toggled = <T>(set: ReadonlySet<T>, value: T): Set<T> =>
  set.has(value) ? excluding(set, value) : including(set, value);
