import secrets from "../secrets.json";

/** Made-up secrets, each in the shape of a real one, and texts in which people leave them. None of them may leave a
 * machine. tests/monitor/redact.cpp reads the same. */
const planted: Readonly<Record<string, string>> = secrets.planted;

export const plantedSecrets: readonly string[] = Object.values(planted);

export const harmless: readonly string[] = secrets.harmless;

export const withSecrets: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(secrets.texts).map(([where, text]) => [
    where,
    text.replace(/\{(\w+)\}/g, (whole, name: string) => planted[name] ?? whole),
  ]),
);
