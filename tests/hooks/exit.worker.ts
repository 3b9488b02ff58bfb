import { Emitter } from "../../hooks/agentmon/emitter/emitter.ts";

/** Tells an event and ends in the same breath: exit.worker FOLDER. */
const [folder = ""] = process.argv.slice(2);
const gateway = { url: "http://127.0.0.1:1", token: undefined };
new Emitter({ gateway, source: { framework: "test", name: "zap", capture: true } }, folder, () => undefined).emit({ type: "test.end", at: Date.now() });
process.exit(0);
