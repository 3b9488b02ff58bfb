import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Sessions that nobody spoke of for so long are forgotten. */
const forgottenMs = 14 * 24 * 3600 * 1000;

/** What the hooks must remember from one call to the next: a JSON file for each session. */
export class Memory<Record extends object> {
  private readonly folder: string;
  private readonly empty: () => Record;

  constructor(folder: string, empty: () => Record) {
    this.folder = folder;
    this.empty = empty;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** What is known of a session; empty when it is new or its file is damaged. */
  recall(session: string): Record {
    return this.find(session) ?? this.empty();
  }

  find(session: string): Record | undefined {
    try {
      return { ...this.empty(), ...(JSON.parse(readFileSync(this.file(session), "utf8")) as Record) };
    } catch {
      return undefined;
    }
  }

  keep(session: string, record: Record): void {
    const file = this.file(session);
    writeFileSync(`${file}.part`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }

  forgetOld(): void {
    for (const name of readdirSync(this.folder)) {
      const file = join(this.folder, name);
      const status = statSync(file, { throwIfNoEntry: false });
      if (status && Date.now() - status.mtimeMs > forgottenMs) rmSync(file, { force: true });
    }
  }

  private file(session: string): string {
    const name = /^[A-Za-z0-9-]{1,100}$/.test(session) ? session : createHash("sha256").update(session).digest("hex");
    return join(this.folder, `${name}.json`);
  }
}
