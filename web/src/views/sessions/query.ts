import type { Session, SessionStatus } from "../../api/types";

/** What the query bar says. Its text and the page's address hold the same; neither knows more than this. */
export interface Query {
  framework: string | null;
  agent: string | null;
  host: string | null;
  status: SessionStatus[];
  order: "newest" | "attention";
  words: string;
}

/** In the order in which a list that is sorted by attention shows them; the last three are alike. */
export const statuses = ["waiting", "error", "stale", "active", "success", "aborted", "ended"] as const;
export const keyNames = ["framework", "agent", "host", "status", "order"] as const;
export type KeyName = (typeof keyNames)[number];

/** Under which name each stands in the page's address and in the query API. */
const parameters = {
  framework: "framework",
  agent: "client_id",
  host: "host",
  status: "status",
  order: "order",
  words: "q",
} as const;

const isStatus = (text: string): text is SessionStatus => statuses.some((each) => each === text);
export const isKeyName = (text: string): text is KeyName => keyNames.some((each) => each === text);

export interface Term {
  start: number;
  end: number;
  text: string;
}

/** The pieces between blanks; what stands in quotation marks holds together. */
export function termsOf(text: string): Term[] {
  return [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"?|[^\s"])+/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    text: match[0],
  }));
}

/** key:value, or null when a term is a plain word. */
export function splitTerm(term: string): { key: string; value: string } | null {
  const match = /^([a-z_]+):(.*)$/is.exec(term);
  return match ? { key: (match[1] ?? "").toLowerCase(), value: unquoted(match[2] ?? "") } : null;
}

function unquoted(value: string): string {
  const inner = /^"((?:[^"\\]|\\.)*)"?$/s.exec(value)?.[1];
  return inner === undefined ? value : inner.replaceAll(/\\(.)/gs, "$1");
}

export function quoted(value: string): string {
  return /^[^\s"\\]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Reads a query, and says in sentences what it could not make sense of. A key without a value is not finished and means
 * nothing yet. */
export function parse(text: string): { query: Query; complaints: string[] } {
  const query: Query = { framework: null, agent: null, host: null, status: [], order: "newest", words: "" };
  const complaints: string[] = [];
  const words: string[] = [];
  const given = new Set<string>();
  for (const term of termsOf(text)) {
    const split = splitTerm(term.text);
    if (!split) {
      words.push(term.text);
      continue;
    }
    const { key, value } = split;
    if (!isKeyName(key)) {
      complaints.push(
        `There is no filter “${key}”. Filters are ${keyNames.join(", ")}. To search for the words, put them in quotation marks.`,
      );
    } else if (value !== "") {
      if (given.has(key) && key !== "status") complaints.push(`“${key}” can be given once.`);
      given.add(key);
      const complaint = take(query, key, value);
      if (complaint) complaints.push(complaint);
    }
  }
  query.words = words.join(" ");
  return { query, complaints };
}

function take(query: Query, key: KeyName, value: string): string | null {
  if (key === "status") return takeStatus(query, value);
  if (key !== "order") {
    query[key] = value;
    return null;
  }
  if (value !== "newest" && value !== "attention") return `There is no order “${value}”: newest or attention.`;
  query.order = value;
  return null;
}

function takeStatus(query: Query, value: string): string | null {
  const wrong: string[] = [];
  for (const each of value.toLowerCase().split(",")) {
    if (isStatus(each)) {
      if (!query.status.includes(each)) query.status.push(each);
    } else if (each !== "") {
      wrong.push(`“${each}”`);
    }
  }
  return wrong.length > 0 ? `There is no status ${wrong.join(", ")}. Statuses are ${statuses.join(", ")}.` : null;
}

/** The query as the bar shows it. */
export function textOf(query: Query): string {
  const parts: string[] = [];
  for (const key of ["framework", "agent", "host"] as const) {
    const value = query[key];
    if (value !== null) parts.push(`${key}:${quoted(value)}`);
  }
  if (query.status.length > 0) parts.push(`status:${query.status.join(",")}`);
  if (query.order !== "newest") parts.push(`order:${query.order}`);
  if (query.words) parts.push(query.words);
  return parts.join(" ");
}

/** The text of the query in the page's address, including what makes no sense, so that parse() tells it. */
export function textOfAddress(params: URLSearchParams): string {
  const parts: string[] = [];
  for (const key of keyNames) {
    const value = params.get(parameters[key]);
    if (value) parts.push(`${key}:${key === "status" ? value : quoted(value)}`);
  }
  const words = params.get(parameters.words);
  if (words) parts.push(words);
  return parts.join(" ");
}

/** For address.set(); null takes a parameter away. */
export function addressOf(query: Query): Record<string, string | null> {
  return {
    [parameters.framework]: query.framework,
    [parameters.agent]: query.agent,
    [parameters.host]: query.host,
    [parameters.status]: query.status.join(",") || null,
    [parameters.order]: query.order === "newest" ? null : query.order,
    [parameters.words]: query.words || null,
  };
}

export function isFiltered(query: Query): boolean {
  return (
    query.framework !== null ||
    query.agent !== null ||
    query.host !== null ||
    query.status.length > 0 ||
    query.words !== ""
  );
}

/** Whether a session is one of those that were asked for; null when only a search can tell. */
export function matches(query: Query, bounds: { from: Date; to: Date | null }, session: Session): boolean | null {
  const began = Date.parse(session.first_ts);
  if (began < bounds.from.getTime() || (bounds.to && began >= bounds.to.getTime())) return false;
  if (query.framework !== null && session.framework !== query.framework) return false;
  if (query.agent !== null && session.client_id !== query.agent) return false;
  if (query.host !== null && session.host !== query.host) return false;
  if (query.status.length > 0 && !query.status.includes(session.status)) return false;
  return query.words === "" ? true : null;
}
