import { range } from "../../address/range.svelte";
import { api, ask, type Answer } from "../../api/ask";
import { resource } from "../../api/resource.svelte";
import type { Run, Session } from "../../api/types";
import { live, type News } from "../../live/live.svelte";
import { activityOf } from "./activity";
import { Machines } from "../machines/machines.svelte";
import { agentKey, Lanes } from "./lanes.svelte";

const pageSize = 500;
/** Runs asked for at most: 5,000. A picture with more shows the latest of them. */
const mostPages = 10;
/** A run that began before the picture may reach into it: it is looked for so far back, in milliseconds. */
const reach = 86_400_000;

/** The steps are asked for anew at most so often, in milliseconds: what comes meanwhile is seen live. */
const stepsEvery = 10_000;

/** What the view knows of all agents. To be made at the top of a component. */
export class Fleet {
  readonly lanes = new Lanes();
  readonly agents = resource((signal) => ask(api.GET("/v1/agents", { params: { query: range.query }, signal })));
  readonly runs = resource((signal) => this.askRuns(signal));
  private readonly steps = resource((signal) =>
    ask(api.GET("/v1/stats/agents", { params: { query: range.query }, signal })),
  );
  private readonly silentSessions = resource((signal) => this.askSilent(signal));
  private readonly watched = new Machines();

  /** What was before the live events, which are drawn over it. */
  readonly activity = $derived(activityOf(this.steps.value));
  /** By the machine's name. */
  readonly machines = $derived(new Map((this.watched.list ?? []).map((each) => [each.machine.name, each])));
  /** Sessions that went silent and never ended, by agentKey. */
  readonly silent = $derived(Map.groupBy(this.silentSessions.value ?? [], agentKey));

  constructor() {
    $effect(() => live.subscribe((news) => this.take(news)));
    $effect(() => () => this.lanes.stop());
  }

  private take(news: News): void {
    this.lanes.take(news.events);
    if (news.gap) void this.runs.again();
    if (news.gap || news.sessions.length > 0 || news.events.some(({ correlation }) => correlation?.session_id))
      this.agents.soon();
    if (news.gap || news.sessions.length > 0) this.steps.soon(stepsEvery);
    // Only a session that goes silent or comes back changes who is silent.
    const known = new Set((this.silentSessions.value ?? []).map((each) => each.session_id));
    if (news.gap || news.sessions.some((each) => (each.status === "stale") !== known.has(each.session_id)))
      this.silentSessions.soon();
  }

  private async askSilent(signal: AbortSignal): Promise<Answer<Session[]>> {
    const from = range.bounds().from.toISOString();
    const answer = await ask(
      api.GET("/v1/sessions", { params: { query: { from, status: ["stale"], limit: pageSize } }, signal }),
    );
    return answer.ok ? { ok: true, value: answer.value.sessions } : answer;
  }

  /** The runs of the time that is shown go into their lanes; the value is when the first of them began that there was
   * room for, null when there was for all. */
  private async askRuns(signal: AbortSignal): Promise<Answer<{ onlyFrom: string | null }>> {
    const { from, to } = range.bounds();
    const until = range.fixed ? { to: to.toISOString() } : {};
    const runs: Run[] = [];
    const before = await ask(
      api.GET("/v1/runs", {
        params: {
          query: {
            from: new Date(from.getTime() - reach).toISOString(),
            to: from.toISOString(),
            status: ["active", "waiting"],
            limit: pageSize,
          },
        },
        signal,
      }),
    );
    if (!before.ok) return before;
    runs.push(...before.value.runs);
    let cursor: string | null = null;
    let oldest: string | null = null;
    for (let page = 0; page < mostPages; page += 1) {
      const answer: Answer<{ runs: Run[]; next_cursor: string | null }> = await ask(
        api.GET("/v1/runs", {
          params: {
            query: { from: from.toISOString(), ...until, ...(cursor === null ? {} : { cursor }), limit: pageSize },
          },
          signal,
        }),
      );
      if (!answer.ok) return answer;
      runs.push(...answer.value.runs);
      oldest = answer.value.runs.at(-1)?.first_ts ?? oldest;
      cursor = answer.value.next_cursor;
      if (cursor === null) break;
    }
    this.lanes.forget();
    this.lanes.addRuns(runs);
    return { ok: true, value: { onlyFrom: cursor === null ? null : oldest } };
  }
}
