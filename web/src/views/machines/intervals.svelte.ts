import { SvelteMap } from "svelte/reactivity";

import { api, ask } from "../../api/ask";
import { type Machine, intervalOf, silentAfter } from "./machine";

/** How far apart each machine's readings are. It matters only for one whose last reading is old, so it is asked only
 * then: of the readings before. */
export function intervals(machines: () => readonly Machine[]): { of: (name: string) => number | null } {
  const known = new SvelteMap<string, number | null>();
  const asking = new Set<string>();

  async function find(name: string): Promise<void> {
    const answer = await ask(
      api.GET("/v1/vms/{name}/samples", { params: { path: { name }, query: { window: "6h" } } }),
    );
    asking.delete(name);
    if (answer.ok) known.set(name, intervalOf(answer.value.samples.map(({ ts }) => Date.parse(ts))));
  }

  $effect(() => {
    for (const { name, readAt } of machines()) {
      if (Date.now() - Date.parse(readAt) < silentAfter / 2 || known.has(name) || asking.has(name)) continue;
      asking.add(name);
      void find(name);
    }
  });
  return { of: (name) => known.get(name) ?? null };
}
