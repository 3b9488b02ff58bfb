import { closeSync, openSync, rmSync } from "node:fs";

import { Lock } from "../../hooks/agentmon/emitter/lock.ts";

/** Takes a lock and gives it away again, until it held it so often: lock.worker LOCK INSIDE TIMES. Prints how often it
 * held it although another process did, too (INSIDE is a file that whoever holds the lock makes and removes). */
const [lock = "", inside = "", times = ""] = process.argv.slice(2);
const turn = new Lock(lock);
let both = 0;
for (let held = 0; held < Number(times); ) {
  if (!turn.take()) continue;
  held += 1;
  try {
    closeSync(openSync(inside, "wx"));
    rmSync(inside, { force: true });
  } catch {
    both += 1;
  }
  turn.release();
}
console.log(both);
