import { observer } from "./observer.ts";
import { typedHooks } from "./typed-hooks.ts";

/** What OpenClaw gives to a plugin, as far as it is used here. */
interface PluginApi {
  on: (name: string, heard: (event: unknown, context: unknown) => undefined) => void;
}

export default {
  id: "agentmon",
  name: "agentmon",
  description: "Reports tool calls with parameters and results to an agentmon gateway",
  /** Called several times in a process; what is heard twice is told once. */
  register(api: PluginApi): void {
    for (const [name, heard] of Object.entries(typedHooks)) {
      try {
        api.on(name, (event, context) => {
          try {
            const here = observer();
            if (here) heard(here, event, context);
          } catch {
            // An agent must not suffer from being watched.
          }
          return undefined;
        });
      } catch {
        // This version of OpenClaw does not know the hook.
      }
    }
  },
};
