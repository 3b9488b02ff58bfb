import { address } from "../address/address.svelte";
import { link } from "../address/range.svelte";
import { main } from "../address/views";
import { type Answer, api, ask } from "../api/ask";
import type { Agent, Session, Tool } from "../api/types";
import { counted, percent } from "../words/numbers";
import { ago } from "../words/times";
import { keys } from "./keys.svelte";
import type { Entry } from "./palette";
import { type Choice, theme } from "./theme.svelte";

/** What the palette offers, and how it asks for it. Agents and tools are those of the last week. */

const shownSessions = 6;

function inAnswer<T, Part>(answer: Answer<T>, part: (value: T) => Part): Answer<Part> {
  return answer.ok ? { ok: true, value: part(answer.value) } : answer;
}

/** Without words those that need a look come first. */
export async function askSessions(words: string, signal: AbortSignal): Promise<Answer<Session[]>> {
  const query = words ? { q: words, limit: shownSessions } : { order: "attention" as const, limit: shownSessions };
  return inAnswer(await ask(api.GET("/v1/sessions", { params: { query }, signal })), ({ sessions }) => sessions);
}

export async function askAgents(signal: AbortSignal): Promise<Answer<Agent[]>> {
  const query = { window: "7d" as const };
  return inAnswer(await ask(api.GET("/v1/agents", { params: { query }, signal })), ({ agents }) => agents);
}

export async function askTools(signal: AbortSignal): Promise<Answer<Tool[]>> {
  const query = { window: "7d" as const };
  return inAnswer(await ask(api.GET("/v1/stats/tools", { params: { query }, signal })), ({ tools }) => tools);
}

export const viewEntries = (): Entry[] =>
  main.map(({ view, key }) => ({
    id: `view ${view.path}`,
    kind: "View",
    title: view.title,
    detail: "",
    keys: `g ${key}`,
    run: () => address.go(link(view.path)),
  }));

export const sessions = (list: readonly Session[]): Entry[] =>
  list.map((session) => ({
    id: `session ${session.session_id}`,
    kind: "Session",
    title: session.title ?? session.session_id,
    detail: [
      session.status,
      session.client_id ?? session.host ?? session.framework,
      ago(session.status === "waiting" ? session.waiting_since : session.last_ts),
    ].join(" · "),
    run: () => address.go(link(`/sessions/${encodeURIComponent(session.session_id)}`)),
  }));

export const agents = (list: readonly Agent[]): Entry[] =>
  list.map((agent) => ({
    id: `agent ${JSON.stringify([agent.framework, agent.client_id, agent.host])}`,
    kind: "Agent",
    title: agent.name,
    detail: [agent.framework, agent.current?.status].filter((part) => part !== undefined).join(" · "),
    run: () =>
      address.go(
        link("/sessions", { framework: agent.framework, client_id: agent.client_id, host: agent.host, range: "7d" }),
      ),
  }));

export const tools = (list: readonly Tool[]): Entry[] =>
  list.map((tool) => ({
    id: `tool ${tool.name}`,
    kind: "Tool",
    title: tool.name,
    detail: `${counted(tool.calls, "call")}, ${percent(tool.error_rate)} failed`,
    run: () => address.go(link("/sessions", { q: tool.name })),
  }));

const themeWords: Record<Choice, string> = {
  dark: "Use the dark theme",
  light: "Use the light theme",
  system: "Use the system's theme",
};

/** All that keys do on this page, but go to views, which are entries of their own. */
export function actions(): Entry[] {
  const byKey = keys.all
    .filter((key) => key.keys !== "Mod+k" && !key.keys.startsWith("g "))
    .map((key): Entry => ({
      id: `key ${key.group} ${key.keys}`,
      kind: "Action",
      title: key.label,
      detail: key.group === "Everywhere" ? "" : key.group,
      keys: key.keys,
      run: () => key.run(new KeyboardEvent("keydown")),
    }));
  const byTheme = (["dark", "light", "system"] as const)
    .filter((choice) => choice !== theme.choice)
    .map((choice): Entry => ({
      id: `theme ${choice}`,
      kind: "Action",
      title: themeWords[choice],
      detail: "",
      run: () => theme.choose(choice),
    }));
  // The same keys added twice (a drawer over its view): the later ones work.
  return [...byTheme, ...new Map(byKey.map((entry) => [entry.id, entry])).values()];
}
