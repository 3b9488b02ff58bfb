/** Milliseconds since 1970 with the microseconds that Date.parse leaves out. */
export function momentOf(time: string): number {
  const micros = /\.\d{3}(\d{3})/.exec(time);
  return Date.parse(time) + (micros ? Number(micros[1]) / 1000 : 0);
}
