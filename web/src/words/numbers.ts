// Figures as the page says them. What is not known is null and said "unknown", never 0.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const smallDollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 2 });

export const unknown = "unknown";
type Figure = number | null | undefined;

/** 12,345 */
export const count = (n: Figure): string => (n == null ? unknown : whole.format(n));

/** "1 session", "4 sessions" */
export const counted = (n: number, one: string, several = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : several}`;

/** 12.3K, for places without room; the exact figure belongs into the title. */
export const shortCount = (n: Figure): string => (n == null ? unknown : short.format(n));

/** $1.23; below a cent $0.0012. */
export function money(n: Figure): string {
  if (n == null) return unknown;
  return n !== 0 && Math.abs(n) < 0.01 ? smallDollars.format(n) : dollars.format(n);
}

/** 0.034 is 3.4 %. */
export function percent(part: Figure): string {
  if (part == null) return unknown;
  const hundredths = part * 100;
  return `${hundredths >= 10 || hundredths === 0 ? Math.round(hundredths) : hundredths.toPrecision(2)} %`;
}

/** 1.5 GiB */
export function bytes(n: Figure): string {
  if (n == null) return unknown;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(value >= 10 ? 3 : 2)} ${units[unit]}`;
}

/** How much more or less than before: "+12", "−3", "as before"; empty when either is unknown. */
export function change(now: Figure, before: Figure, say: (n: number) => string = count): string {
  if (now == null || before == null) return "";
  if (now === before) return "as before";
  return `${now > before ? "+" : "\u2212"}${say(Math.abs(now - before))}`;
}
