/** What stands where a secret was. */
export const redacted = "[redacted]";

/** Names of things that hold secrets. Counts of tokens are no secrets: only texts are looked at under such a name. */
const secretName =
  /(^|[^a-z])(pass(word|wd|phrase|code)?|pwd|secret|token|api[-_ ]?key|apikey|auth|authorization|cookie|set-cookie|credentials?|private[-_ ]?key|access[-_ ]?key|signing[-_ ]?key|session[-_ ]?key[-_ ]?secret|bearer|jwt|dsn|connection[-_ ]?string)s?($|[^a-z])/;

const harmlessName = /^(token_?type|auth_?(type|mode|method|provider)|.*_?tokens?_?(count|limit|budget|used)|max_?tokens)$/;

/** Is the value under this key a secret? camelCase and snake_case are read alike. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return secretName.test(words.replace(/[_.]/g, " ").replace(/ (key)/g, "_$1")) && !harmlessName.test(words);
}

/** What stands before it need not be looked at, and what follows is bounded: no text takes long. */
const nameInText =
  "(?:pass(?:word|wd|phrase|code)|passw|pwd|secret|token(?!s|iz)|api[-_]?key|apikey|access[-_]?key|private[-_]?key|signing[-_]?key|credential|authorization|auth[-_]?key|cookie|jwt|database[-_]?url|dsn)[A-Za-z0-9_.-]{0,64}";
const valueInText = `(?:"(?:[^"\\\\]|\\\\.)*"?|'(?:[^'\\\\]|\\\\.)*'?|[^\\s"'&;,<>|)}\\]]+)`;

interface Rule {
  pattern: RegExp;
  /** $1 is kept. */
  by: string;
}

const rules: readonly Rule[] = [
  { pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|$)/g, by: redacted },
  // scheme://user:password@host, and scheme://token@host
  { pattern: /\b([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#@"']+@/gi, by: `$1${redacted}@` },
  { pattern: /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"',;]+/gi, by: `$1${redacted}` },
  { pattern: /\b((?:set-)?cookie["']?\s*:\s*["']?)[^\r\n"']+/gi, by: `$1${redacted}` },
  { pattern: /\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, by: `$1${redacted}` },
  // NAME=value, NAME: value, "name": "value", --name value
  { pattern: new RegExp(`(${nameInText}\\\\?["']?\\s*[=:]\\s*\\\\?)${valueInText}`, "gi"), by: `$1${redacted}` },
  { pattern: new RegExp(`((?:^|\\s)--?[A-Za-z0-9_.-]{0,64}${nameInText}\\s+)(?!-)${valueInText}`, "gi"), by: `$1${redacted}` },
  // "the password is 'value'": in quotation marks, or with a digit in it
  { pattern: new RegExp(`(${nameInText}\\s(?:is|was|to)\\s)(?:"[^"]+"|'[^']+'|\`[^\`]+\`|(?=[^\\s\\d]*\\d)[^\\s,;]{6,})`, "gi"), by: `$1${redacted}` },
  // user:password of curl, mysql's -pPASSWORD, sshpass -p
  { pattern: /(\s(?:-u|--user|--proxy-user)[\s=]+["']?[^\s:"']+:)[^\s"']+/g, by: `$1${redacted}` },
  { pattern: /(\b(?:sshpass\s+-p\s*|mysql(?:dump|admin)?\b[^\n|;&]{0,500}?\s-p)["']?)[^\s"']+/g, by: `$1${redacted}` },
  // Keys that tell by their shape what they are.
  { pattern: /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}/g, by: redacted },
  { pattern: /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}/g, by: redacted },
  { pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}/g, by: redacted },
  { pattern: /https:\/\/hooks\.slack\.com\/[^\s"']+|https:\/\/discord(?:app)?\.com\/api\/webhooks\/[^\s"']+/g, by: redacted },
  { pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g, by: redacted },
  { pattern: /\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}/g, by: redacted },
  { pattern: /\b(?:npm|hf|dop_v1|shpat|shpss|tskey|pypi|lin_api|figd|gsk|xai|tvly|r8|nvapi|dckr_pat|sntrys|sbp|pul|glsa|ATATT3x)[-_A-Za-z]*[-_][A-Za-z0-9_-]{20,}/g, by: redacted },
  { pattern: /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g, by: redacted },
  { pattern: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*/g, by: redacted },
  { pattern: /\b\d{6,12}:[A-Za-z0-9_-]{30,}/g, by: redacted },
];

/** The text without secrets. */
export function redact(text: string): string {
  let result = text;
  for (const rule of rules) result = result.replace(rule.pattern, rule.by);
  return result;
}
