/** The time of an answer, and from when on events are kept. */
export interface Asked {
  from: string;
  to: string;
  kept_from: string | null;
}

/** How much of the time is known: events before kept_from were dropped. */
export function known(of: Asked): "all" | "some" | "nothing" {
  if (of.kept_from === null || Date.parse(of.kept_from) <= Date.parse(of.from)) return "all";
  return Date.parse(of.kept_from) < Date.parse(of.to) ? "some" : "nothing";
}
