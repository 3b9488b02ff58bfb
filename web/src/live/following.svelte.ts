import { untrack } from "svelte";

import type { Resource } from "../api/resource.svelte";
import { live, type News } from "./live.svelte";

/** For the top of a component: these are asked again when news concern them, at most once in `every` milliseconds each;
 * and at once when updates were missed, or when the connection is back and the last answer was a problem. */
export function follow(
  resources: readonly Resource<unknown>[],
  concerns: (news: News) => boolean,
  every = 1_000,
): void {
  $effect(() =>
    live.subscribe((news) => {
      if (news.gap || concerns(news)) for (const asked of resources) asked.soon(every);
    }),
  );
  $effect(() => {
    if (live.state !== "live") return;
    untrack(() => {
      for (const asked of resources) if (asked.problem) void asked.again();
    });
  });
}

/** Something was stored: sessions and machines are told after the commit, events some milliseconds before it. */
export const somethingStored = (news: News): boolean => news.sessions.length > 0 || news.vms.length > 0;
