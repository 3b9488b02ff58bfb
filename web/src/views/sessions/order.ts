import type { Session } from "../../api/types";
import { type Query, statuses } from "./query";

/** What decides where a session stands in the list. */
export interface Place {
  rank: number;
  began: number;
  id: string;
}

/** The ranks of order=attention as the query API has them; the ended ones are alike. */
const calm = statuses.indexOf("active") + 1;

export function placeOf(session: Session, order: Query["order"]): Place {
  return {
    rank: order === "attention" ? Math.min(calm, statuses.indexOf(session.status)) : 0,
    began: Date.parse(session.first_ts),
    id: session.session_id,
  };
}

/** Below 0: the first comes before the second. */
export function compare(one: Place, other: Place): number {
  if (one.rank !== other.rank) return one.rank - other.rank;
  if (one.began !== other.began) return other.began - one.began;
  return one.id < other.id ? 1 : one.id > other.id ? -1 : 0;
}
