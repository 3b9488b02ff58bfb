import { hostname } from "node:os";

import type { Gateway } from "./delivery.ts";
import type { Source } from "./envelope.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Settings {
  gateway: Gateway;
  source: Source;
}

/** From the variables AGENTMON_INGEST_URL, AGENTMON_INGEST_TOKEN, AGENTMON_VM_NAME and AGENTMON_CAPTURE_CONTENT; a text
 * says what is wrong with them. */
export function settingsFrom(framework: string, variables: Variables): Settings | string {
  const url = variables.AGENTMON_INGEST_URL?.trim() ?? "";
  if (!isHttp(url)) {
    const got = url ? `"${url}" is none` : "it is not set";
    return `AGENTMON_INGEST_URL must be the URL of the agentmon gateway, as http://192.168.122.1:8080, but ${got}; nothing is sent`;
  }
  const token = variables.AGENTMON_INGEST_TOKEN?.trim();
  return {
    gateway: { url, token: token || undefined },
    source: {
      framework,
      name: variables.AGENTMON_VM_NAME?.trim() || hostname(),
      capture: !/^(0|no|off|false)$/i.test(variables.AGENTMON_CAPTURE_CONTENT?.trim() ?? ""),
    },
  };
}

/** Lines of NAME=value; quotes around the value are taken off. */
export function readVariables(text: string): Variables {
  const variables: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*([A-Z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name && value !== undefined) variables[name] = value.replace(/^(["'])(.*)\1$/, "$2");
  }
  return variables;
}

function isHttp(url: string): boolean {
  try {
    return /^https?:$/.test(new URL(url).protocol);
  } catch {
    return false;
  }
}
