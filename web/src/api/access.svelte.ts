import { type Problem } from "./ask";

/** Whether this agentmon wants a key, and has one of this browser. The key itself is with the page's server, which knows
 * the browser by a cookie that no script can read. */
class Access {
  needed = $state(false);
  signedIn = $state(false);

  /** Before anything is asked: a key or token in the address, /#token=..., signs in and leaves the address. */
  async start(): Promise<void> {
    const key = new URLSearchParams(location.hash.slice(1)).get("token");
    if (key === null) return;
    history.replaceState(null, "", location.pathname + location.search);
    await this.send(key); // when it does not count, the first question opens the dialog
  }

  async look(): Promise<void> {
    try {
      const answer = await fetch("/session");
      if (answer.ok) this.signedIn = isSignedIn(await answer.json());
    } catch {
      // Whoever asks something next says that agentmon does not answer.
    }
  }

  /** The live feed cannot tell why it does not open: a key that ended is a reason. */
  async check(): Promise<void> {
    try {
      if ((await fetch("/v1/access")).status === 401) this.needed = true;
    } catch {
      // It does not answer at all; the feed goes on trying.
    }
  }

  /** A problem, or nothing: then the page begins anew, as one that may ask. */
  async signIn(key: string): Promise<Problem | null> {
    const problem = await this.send(key);
    if (!problem) location.reload();
    return problem;
  }

  async signOut(): Promise<void> {
    try {
      await fetch("/session", { method: "DELETE" });
    } catch {
      // Whoever asks something next says that agentmon does not answer.
    }
    location.reload();
  }

  private async send(key: string): Promise<Problem | null> {
    try {
      const answer = await fetch("/session", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ key }),
      });
      return answer.ok ? null : { status: answer.status, message: whyNot(answer.status) };
    } catch {
      return { status: null, message: "agentmon does not answer. Is it running?" };
    }
  }
}

function whyNot(status: number): string {
  if (status === 400) return "This is no access key: copy it whole, without spaces.";
  if (status === 401) return "This key does not count here: it is wrong, was revoked, or has expired.";
  if (status === 403) return "This key is for something else: the page needs one with the scope query.";
  if (status === 429) return "Too many keys were wrong; try again in a minute.";
  return `agentmon answered with status ${status}; try again in a moment.`;
}

function isSignedIn(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "signed_in" in answer && answer.signed_in === true;
}

export const access = new Access();
