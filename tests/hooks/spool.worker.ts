import { envelope } from "../../hooks/agentmon/emitter/envelope.ts";
import { Spool } from "../../hooks/agentmon/emitter/spool.ts";

/** Adds numbered events to a spool until it is killed: spool.worker FOLDER NAME. Says each number after it is kept. */
const [folder = "", name = ""] = process.argv.slice(2);
const spool = new Spool(folder);
for (let number = 0; ; number += 1) {
  spool.add([envelope({ type: "test.number", at: Date.now(), details: { worker: name, number } }, { framework: "test", name, capture: true })]);
  process.stdout.write(`${number}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
