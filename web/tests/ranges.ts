/** A whole past day (UTC) of the demo's week, so that nothing that tests post changes its figures. */
export function pastDay(daysAgo = 2): { from: string; to: string; query: string; sql: string } {
  const day = 86_400_000;
  const begin = Math.floor(Date.now() / day) * day - daysAgo * day;
  const from = new Date(begin).toISOString();
  const to = new Date(begin + day).toISOString();
  return { from, to, query: new URLSearchParams({ from, to }).toString(), sql: `ts >= '${from}' AND ts < '${to}'` };
}
