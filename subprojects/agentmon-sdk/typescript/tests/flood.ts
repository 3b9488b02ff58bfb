// Tells 10,000 events from 50 tasks, in three parts; before the second and the third it waits for a line. Prints what was
// dropped. flood NAME [SPOOL]
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import { Emitter } from "../agentmon.ts";

const emitter = new Emitter(process.argv[2] ?? "flood", { spool: process.argv[3] });
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();

async function work(worker: number, first: number, end: number): Promise<void> {
  for (let number = first; number < end; number += 1) {
    emitter.emit("flood.tick", { worker, number });
    await pause(20);
  }
}

for (const [first, end] of [[0, 80], [80, 160], [160, 200]] as const) {
  if (first > 0) await lines.next();
  await Promise.all([...Array(50).keys()].map((worker) => work(worker, first, end)));
}
input.close();
await emitter.close(60_000);
console.log(JSON.stringify(emitter.dropped()));
