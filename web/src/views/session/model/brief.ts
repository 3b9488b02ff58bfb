/** What of a tool's arguments says most, in this order. */
const telling = ["command", "pattern", "query", "url", "file_path", "path", "prompt", "message", "description"];
const pair = /"((?:[^"\\]|\\.)*)"\s*:\s*(?:"((?:[^"\\]|\\.)*)(?:"|…?$)|([^",{}[\]\s]+))/g;

/** A preview to read at a glance. Arguments come as the beginning of JSON, mostly cut in its middle: of these the most
 * telling value, else all of them; of other texts the text. */
export function brief(preview: string | null): string {
  if (preview === null || !preview.startsWith("{")) return preview ?? "";
  const values = new Map<string, string>();
  for (const [, name = "", text, word = ""] of preview.matchAll(pair))
    if (!values.has(name)) values.set(name, text === undefined ? word : unescaped(text));
  const best = telling.filter((name) => values.has(name));
  const shown = best.filter((name) => name !== "description" || best.length === 1).slice(0, 2);
  const rest = [...values].filter(([name]) => !telling.includes(name)).slice(0, 4);
  const all = [...shown.map((name) => values.get(name) ?? ""), ...rest.map(([name, value]) => `${name}: ${value}`)];
  return all.join(" · ") || preview;
}

const letters: Record<string, string> = { n: " ", r: " ", t: " ", b: "", f: "" };

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, code: string | undefined, letter: string | undefined) =>
    code === undefined ? (letters[letter ?? ""] ?? letter ?? "") : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
