import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { report } from "../command/report.ts";
import { claudeCode } from "./events.ts";

const [, , lock] = process.argv;
await report(claudeCode, dirname(fileURLToPath(import.meta.url)), lock === undefined ? undefined : Number(lock));
process.exit(0);
