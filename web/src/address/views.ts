import type { Component } from "svelte";

type Loaded = Promise<{ default: Component<{ id: string }> }>;

/** A page of its own address. `id` is what stands after the path: the session of /sessions/{id}. */
export interface View {
  name: string;
  path: string;
  title: string;
  load: () => Loaded;
}

export const views = {
  dashboard: {
    name: "dashboard",
    path: "/",
    title: "Dashboard",
    load: () => import("../views/dashboard/Dashboard.svelte"),
  },
  sessions: {
    name: "sessions",
    path: "/sessions",
    title: "Sessions",
    load: () => import("../views/sessions/Sessions.svelte"),
  },
  session: {
    name: "session",
    path: "/sessions/",
    title: "Session",
    load: () => import("../views/session/Session.svelte"),
  },
  agents: { name: "agents", path: "/agents", title: "Agents", load: () => import("../views/agents/Agents.svelte") },
  openclaw: {
    name: "openclaw",
    path: "/openclaw",
    title: "OpenClaw",
    load: () => import("../views/machines/Machines.svelte"),
  },
  system: { name: "system", path: "/system", title: "System", load: () => import("../views/system/System.svelte") },
} satisfies Record<string, View>;

/** The views of the navigation, with the key that opens each after "g". */
export const main = [
  { view: views.dashboard, key: "d" },
  { view: views.sessions, key: "s" },
  { view: views.agents, key: "a" },
  { view: views.openclaw, key: "o" },
  { view: views.system, key: "y" },
] as const;

/** Null: there is no such page. */
export function viewAt(path: string): { view: View; id: string } | null {
  const bare = path.length > 1 ? path.replace(/\/$/, "") : path;
  for (const { view } of main) if (view.path === bare) return { view, id: "" };
  if (!bare.startsWith(views.session.path)) return null;
  try {
    return { view: views.session, id: decodeURIComponent(bare.slice(views.session.path.length)) };
  } catch {
    return null; // a stray %
  }
}
