export type Choice = "system" | "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
  const text = localStorage.getItem("theme");
  return text === "light" || text === "dark" ? text : "system";
}

/** Dark or light: by the system, or as chosen here (kept in localStorage). public/theme.js does the same before the first
 * paint. */
class Theme {
  choice = $state<Choice>(stored());
  private systemIsDark = $state(system.matches);
  readonly isDark = $derived(this.choice === "dark" || (this.choice === "system" && this.systemIsDark));

  constructor() {
    system.addEventListener("change", (event) => {
      this.systemIsDark = event.matches;
      this.apply();
    });
  }

  choose(choice: Choice): void {
    this.choice = choice;
    if (choice === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", choice);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset["theme"] = this.isDark ? "dark" : "light";
  }
}

export const theme = new Theme();

/** The colour of a design.css variable as it stands, for canvases; read it again when theme.isDark changes. */
export function colour(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
