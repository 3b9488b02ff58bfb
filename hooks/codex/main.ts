import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { report } from "../command/report.ts";
import { codex } from "./events.ts";

await report(codex, dirname(fileURLToPath(import.meta.url)));
process.exit(0);
