import { untrack } from "svelte";

/** One key, or several after each other: "j", "g s", "Mod+k" (Ctrl, or Command on a Mac), "?", "Shift+Tab". */
export interface Key {
  keys: string;
  label: string;
  /** Under which heading the help (`?`) shows it: the view's name, or "Everywhere". */
  group: string;
  run: (event: KeyboardEvent) => void;
}

/** After this many milliseconds the first key of a sequence is forgotten. */
const sequenceTimeout = 1_000;

/** All keys of the page. Those added last win, so that an open drawer's Escape comes before its view's. */
class Keys {
  all = $state.raw<readonly Key[]>([]);
  private typed = "";
  private typedAt = 0;

  constructor() {
    addEventListener("keydown", (event) => this.take(event));
  }

  add(keys: readonly Key[]): () => void {
    this.all = [...this.all, ...keys];
    return () => (this.all = this.all.filter((key) => !keys.includes(key)));
  }

  private take(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    if (isTyping(event.target) && !name.startsWith("Mod+") && name !== "Escape") return;
    const sequence = performance.now() - this.typedAt < sequenceTimeout ? `${this.typed} ${name}` : name;
    const found = this.find(sequence) ?? this.find(name);
    this.typed = found ? "" : name;
    this.typedAt = performance.now();
    if (!found) return;
    event.preventDefault();
    found.run(event);
  }

  private find(keys: string): Key | undefined {
    // Behind an open dialog the view's keys rest; Escape is the dialog's own.
    const behind = document.querySelector("dialog:modal") !== null;
    return this.all.findLast((key) => key.keys === keys && (!behind || key.group === "Everywhere"));
  }
}

function nameOf(event: KeyboardEvent): string {
  const modifier = event.ctrlKey || event.metaKey ? "Mod+" : event.altKey ? "Alt+" : "";
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  return modifier + shift + (modifier && event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"))
  );
}

export const keys = new Keys();

/** For the top of a component: these keys work while it is on the page. */
export function useKeys(list: readonly Key[]): void {
  $effect(() => untrack(() => keys.add(list)));
}
