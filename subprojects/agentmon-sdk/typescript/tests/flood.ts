// Tells 10,000 events from 50 tasks within some four seconds, and prints what was dropped: flood NAME
import { setTimeout as pause } from "node:timers/promises";

import { Emitter } from "../agentmon.ts";

const emitter = new Emitter(process.argv[2] ?? "flood");

async function work(worker: number): Promise<void> {
  for (let number = 0; number < 200; number += 1) {
    emitter.emit("flood.tick", { worker, number });
    await pause(20);
  }
}

await Promise.all([...Array(50).keys()].map(work));
await emitter.close(60_000);
console.log(JSON.stringify(emitter.dropped()));
