import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A sent event, as far as tests look at it. */
export interface Sent {
  event: { id: string; type: string; ts: string; source: { framework: string; client_id: string; host: string } };
  correlation: Record<string, string | undefined>;
  attributes: Record<string, unknown>;
  payload: Record<string, unknown>;
}

type Answer = (response: ServerResponse, events: Sent[]) => void;

/** A server on a port of its own that takes events as a gateway does, or answers as the test wants it. */
export class TestGateway {
  readonly batches: Sent[][] = [];
  readonly tokens: (string | undefined)[] = [];
  private readonly server: Server;
  private readonly answers: Answer[] = [];
  private readonly waiting: (() => void)[] = [];

  private constructor() {
    this.server = createServer((request, response) => void this.take(request, response));
  }

  static async start(port = 0): Promise<TestGateway> {
    const gateway = new TestGateway();
    gateway.server.listen(port, "127.0.0.1");
    await once(gateway.server, "listening");
    return gateway;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** All events of requests that were answered 202, in the order of their arrival. */
  get events(): Sent[] {
    return this.batches.flat();
  }

  /** The next request is answered so, instead of 202. */
  answerOnce(answer: Answer): void {
    this.answers.push(answer);
  }

  async arrived(count: number): Promise<void> {
    while (this.events.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** A request arrived that was not answered 202. */
  async turnedAway(): Promise<void> {
    const tokens = this.tokens.length;
    while (this.tokens.length === tokens) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const events = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Sent[];
    this.tokens.push(request.headers.authorization);
    const special = this.answers.shift();
    if (special) special(response, events);
    else {
      this.batches.push(events);
      response.writeHead(202, { "content-type": "application/json" });
      response.end(JSON.stringify({ accepted: events.length, rejected: [] }));
    }
    for (const wake of this.waiting.splice(0)) wake();
  }
}
