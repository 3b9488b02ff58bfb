import { heardHook, type HookEvent } from "./internal-hooks.ts";
import { observer } from "./observer.ts";

/** OpenClaw waits for this at some events, so nothing here waits for the gateway or takes long, and nothing throws. */
export default async function handler(event: HookEvent): Promise<void> {
  try {
    const here = observer();
    if (!here) return;
    here.hookHandler = true;
    heardHook(here, event);
    const ends = event.type === "gateway" && (event.action === "shutdown" || event.action === "pre-restart");
    if (ends) await here.flush();
  } catch {
    // An agent must not suffer from being watched.
  }
}
