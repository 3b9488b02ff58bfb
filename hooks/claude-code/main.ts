import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { report } from "../command/report.ts";
import { claudeCode } from "./events.ts";

await report(claudeCode, dirname(fileURLToPath(import.meta.url)));
process.exit(0);
