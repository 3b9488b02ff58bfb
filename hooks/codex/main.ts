import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { report } from "../command/report.ts";
import { codex } from "./events.ts";

const [, , lock] = process.argv;
await report(codex, dirname(fileURLToPath(import.meta.url)), lock === undefined ? undefined : Number(lock));
process.exit(0);
