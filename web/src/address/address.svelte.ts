/** Where the user is: everything that a view shows by is in here, so that every state is a link. */
class Address {
  path = $state(location.pathname);
  /** Never changed in place; see go() and set(). */
  params = $state.raw(new URLSearchParams(location.search));

  constructor() {
    addEventListener("popstate", () => this.read());
    document.addEventListener("click", (event) => this.follow(event));
  }

  /** Opens an address of this page, as "/sessions?status=error". */
  go(href: string, { replace = false }: { replace?: boolean } = {}): void {
    if (replace) history.replaceState(null, "", href);
    else history.pushState(null, "", href);
    this.read();
  }

  /** Sets (or with null takes away) parameters of the present view. `replace`: Back does not return to the state before;
   * for what changes with every key or move. */
  set(changes: Record<string, string | null>, { replace = false }: { replace?: boolean } = {}): void {
    const params = new URLSearchParams(this.params);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") params.delete(name);
      else params.set(name, value);
    }
    if (params.toString() === this.params.toString()) return;
    this.go(hrefOf(this.path, params), { replace });
  }

  private read(): void {
    this.path = location.pathname;
    this.params = new URLSearchParams(location.search);
  }

  private follow(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const anchor = event.target instanceof Element ? event.target.closest("a") : null;
    if (!anchor || anchor.target || anchor.download || anchor.origin !== location.origin) return;
    if (anchor.pathname.startsWith("/v1/")) return;
    event.preventDefault();
    this.go(anchor.pathname + anchor.search + anchor.hash);
  }
}

export function hrefOf(path: string, params: URLSearchParams): string {
  const query = params.toString();
  return query ? `${path}?${query}` : path;
}

export const address = new Address();
