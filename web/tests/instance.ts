/** One installation of agentmon with ports and a data folder of its own, and its private servers. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { until } from "./until";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const program = resolve(root, process.env["AGENTMON_BUILD"] ?? "build", "agentmon");
const run = promisify(execFile);

/** How long the start of an instance may take, with a new database cluster on a busy machine. */
const startTimeout = 90_000;

/** What the tests of another process need to know of an instance. */
export interface Place {
  folder: string;
  gateway: string;
  query: string;
  ui: string;
}

export class Instance {
  readonly place: Place;
  private readonly isKept: boolean;
  private readonly settings: Record<string, string>;
  private process: ChildProcess | null = null;

  /** In a new folder, which goes with the instance, or in one that stays. */
  static async start(kept?: string, settings: Record<string, string> = {}): Promise<Instance> {
    const [gateway, query, ui] = await freePorts(3);
    if (kept) mkdirSync(kept, { recursive: true });
    const folder = kept ?? mkdtempSync(join(tmpdir(), "agentmon-page-"));
    const instance = new Instance(folder, kept !== undefined, gateway!, query!, ui!, settings);
    try {
      await instance.start();
    } catch (failure) {
      await instance.close();
      throw failure;
    }
    return instance;
  }

  private constructor(
    folder: string,
    isKept: boolean,
    gateway: number,
    query: number,
    ui: number,
    settings: Record<string, string>,
  ) {
    this.isKept = isKept;
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    this.place = { folder, gateway: url(gateway), query: url(query), ui: url(ui) };
    this.settings = {
      AGENTMON_DATA_DIR: join(folder, "data"),
      AGENTMON_ADDR: `127.0.0.1:${gateway}`,
      AGENTMON_QUERY_ADDR: `127.0.0.1:${query}`,
      AGENTMON_UI_ADDR: `127.0.0.1:${ui}`,
      AGENTMON_CONTROL_ADDR: "none",
      AGENTMON_WEB_DIR: join(root, "build", "web"),
      OPENCLAW_REGISTRY: join(folder, "no-instances.json"),
      ...settings,
    };
  }

  async start(): Promise<void> {
    if (!existsSync(program)) throw new Error(`${program} is missing: build it first (ninja -C build)`);
    const log = openSync(join(this.place.folder, "log"), "a");
    const started = spawn(program, ["up"], {
      cwd: this.place.folder,
      env: this.environment(),
      stdio: ["ignore", log, log],
    });
    this.process = started;
    await until("agentmon is ready", startTimeout, async () => {
      if (started.exitCode !== null) throw new Error(`agentmon ended with status ${started.exitCode}:\n${this.log()}`);
      const ports = [this.place.gateway, this.place.query, this.place.ui];
      const states = await Promise.all(
        ports.map((port) => fetch(`${port}/readyz`).then((answer) => answer.json() as Promise<{ status: string }>)),
      );
      return states.every(({ status }) => status === "ready");
    });
  }

  /** As a power failure of this one program. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  async close(): Promise<void> {
    await this.end("SIGTERM");
    if (!this.isKept) rmSync(this.place.folder, { recursive: true, force: true });
  }

  /** The last 7 days of three made-up agents, the same each time but for their end. */
  async playDemo(): Promise<void> {
    const done = run(program, ["demo", "--fast", "--seed", "7"], {
      cwd: this.place.folder,
      env: { ...this.environment(), AGENTMON_URL: this.place.gateway },
    });
    await done;
    await allStored(this.place);
  }

  /** What `agentmon ARGUMENTS` prints, with this installation's settings. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await run(program, words, { cwd: this.place.folder, env: this.environment() });
    return stdout.trim();
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const ending = this.process;
    this.process = null;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill(signal);
    await ended;
  }

  private environment(): NodeJS.ProcessEnv {
    const own = /^(AGENTMON_|DATABASE_URL|NATS_|OPENCLAW_|POLL_INTERVAL|PG|https?_proxy)/i;
    const kept = Object.entries(process.env).filter(([name]) => !own.test(name));
    return { ...Object.fromEntries(kept), ...this.settings };
  }

  private log(): string {
    return readFileSync(join(this.place.folder, "log"), "utf8").slice(-4_000);
  }
}

/** Rows of a query, asked of PostgreSQL directly: what the page says is held against them. */
export async function sql<Row>(place: Place, query: string): Promise<Row[]> {
  const { stdout } = await run("psql", [
    ...["--host", join(place.folder, "data/postgres/run"), "--username", "agentmon", "--dbname", "agentmon"],
    ...["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set", "ON_ERROR_STOP=1"],
    ...["--command", `SELECT coalesce(json_agg(q), '[]') FROM (${query}) q`],
  ]);
  return JSON.parse(stdout) as Row[];
}

/** Waits until all that was accepted is in the store. */
export async function allStored(place: Place): Promise<void> {
  await until("all events are stored", 120_000, async () => {
    const metrics = await (await fetch(`${place.gateway}/metrics`)).text();
    return /^agentmon_journal_events_waiting 0$/m.test(metrics);
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a port was asked for");
    return address.port;
  });
  for (const server of servers) server.close();
  return ports;
}
