import type { Answer, Problem } from "../../api/ask";
import { Retry } from "../../api/retry";
import type { Session } from "../../api/types";
import type { News } from "../../live/live.svelte";
import { compare, type Place, placeOf } from "./order";
import type { Query } from "./query";

export interface Page {
  sessions: Session[];
  next_cursor: string | null;
}

export interface Source {
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Answer<Page>>;
  order: Query["order"];
  /** Null: only a search can tell. */
  matches: (session: Session) => boolean | null;
}

/** A page of the query API as it was answered. Far from what is seen its rows are dropped and asked for again, so that a
 * long scroll costs no more memory than a short one. */
interface Piece {
  cursor: string | null;
  rows: Session[] | null;
  count: number;
  /** The places of its first and last row, for when the rows are dropped. */
  head: Place | null;
  tail: Place | null;
  /** Something was missed since it was asked for. */
  stale: boolean;
}

/** The next page is asked for when the end is this near, in rows. */
const ahead = 400;
/** So many pages keep their rows: 20,000 sessions. */
const piecesKept = 40;
/** New sessions are put above the first page until there are so many; then it is asked for anew. */
const mostFresh = 500;
/** After so many pages in a row without a session that was found, a search goes on only when it is told to. */
const mostEmpty = 20;
/** Milliseconds between two questions because of live news; a search is a few seconds behind anyway. */
const pause = 1_000;
const searchPause = 5_000;

/** All sessions of a query as one list of rows, of which only some are here. Reading is reactive. */
export class SessionList {
  count = $state(0);
  /** Grows whenever a row changes. */
  version = $state(0);
  problem = $state.raw<Problem | null>(null);
  /** Before the first page of the present query came. */
  loading = $state(true);
  /** True while there is more to ask for. */
  more = $state(false);
  /** The search found nothing for a while and waits to be told to go on. */
  paused = $state(false);
  /** Sessions that are new, or belong elsewhere in the list than they stand, since the first page was asked for. */
  moved = $state(0);

  private source: Source | null = null;
  private fresh: Session[] = [];
  private pieces: Piece[] = [];
  private readonly holder = new Map<string, Piece>();
  private readonly movedIds = new Set<string>();
  private next: string | null = null;
  private window = { first: 0, end: 0 };
  private isAtTop = true;
  private empties = 0;
  /** Milliseconds after which the first page is asked for anew because news may have changed it; null: it is right. */
  private doubt: number | null = null;
  /** What came while a page was on its way, which may know less. */
  private meanwhile: Session[] = [];
  private underWay: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastBegun = 0;
  private readonly retry = new Retry(() => this.tryAgain());

  /** Shows the answers of another query. What is seen stays until they come. */
  open(source: Source): void {
    this.source = source;
    this.loading = true;
    void this.begin();
  }

  close(): void {
    this.underWay?.abort();
    this.retry.stop();
    if (this.timer) clearTimeout(this.timer);
    this.source = this.timer = this.underWay = null;
  }

  /** Asks for the first page anew and forgets the others. */
  async begin(): Promise<void> {
    this.underWay?.abort();
    this.lastBegun = performance.now();
    const page = await this.question(null);
    if (!page) return;
    this.pieces = [];
    this.fresh = [];
    this.holder.clear();
    this.movedIds.clear();
    this.empties = 0;
    this.paused = false;
    this.doubt = null;
    this.append(null, page);
    this.loading = false;
    this.arrived();
  }

  /** After a problem, or when a search is to look further. */
  goOn(): void {
    this.empties = 0;
    this.paused = false;
    this.tryAgain();
  }

  private tryAgain(): void {
    // The problem of a list without any row stays in sight until there is an answer.
    if (this.loading) void this.begin();
    else {
      this.problem = null;
      this.fill();
    }
  }

  /** The row at an index; null while it is asked for. */
  at(index: number): Session | null {
    void this.version;
    if (index < this.fresh.length) return this.fresh[index] ?? null;
    let begin = this.fresh.length;
    for (const piece of this.pieces) {
      if (index < begin + piece.count) return piece.rows?.[index - begin] ?? null;
      begin += piece.count;
    }
    return null;
  }

  /** Where a session stands; -1 when it is not here. */
  indexOf(id: string): number {
    void this.version;
    const inFresh = this.fresh.findIndex((each) => each.session_id === id);
    const holder = this.holder.get(id);
    if (inFresh >= 0 || !holder) return inFresh;
    let begin = this.fresh.length;
    for (const piece of this.pieces) {
      if (piece === holder) return begin + (piece.rows?.findIndex((each) => each.session_id === id) ?? 0);
      begin += piece.count;
    }
    return -1;
  }

  /** These rows are about to be seen. */
  want(first: number, end: number): void {
    this.window = { first, end };
    this.fill();
  }

  atTop(isAtTop: boolean): void {
    this.isAtTop = isAtTop;
    this.settle();
  }

  take(news: News): void {
    if (!this.source) return;
    if (this.underWay) this.meanwhile.push(...news.sessions);
    if (news.gap) {
      for (const piece of this.pieces) piece.stale = true;
      this.doubt = pause;
    }
    if (!this.loading) this.takeSessions(news.sessions, this.source);
    if (news.gap) this.fill();
  }

  private takeSessions(sessions: readonly Session[], source: Source): void {
    // Of several changes of one session the last one holds.
    for (const session of new Map(sessions.map((each) => [each.session_id, each])).values())
      if (this.takeSession(session, source)) this.doubt ??= searchPause;
    if (sessions.length > 0) this.changed();
    this.settle();
  }

  /** True when only the query API knows whether the session belongs into the list. */
  private takeSession(session: Session, source: Source): boolean {
    const matches = source.matches(session);
    const place = placeOf(session, source.order);
    const before = this.replace(session);
    if (before) {
      if (matches === false || placeOf(before, source.order).rank !== place.rank) this.movedIds.add(session.session_id);
      return false;
    }
    if (matches === false || this.isElsewhere(place)) return false;
    if (matches === null) return true;
    const top = this.at(0);
    const isNewest = source.order === "newest" && (!top || compare(place, placeOf(top, source.order)) < 0);
    if (isNewest && this.isAtTop && this.movedIds.size === 0) this.fresh.unshift(session);
    else this.movedIds.add(session.session_id);
    return false;
  }

  /** The session as it stood before; null when it is not here. */
  private replace(session: Session): Session | null {
    const id = session.session_id;
    const rows = this.holder.get(id)?.rows ?? this.fresh;
    const at = rows.findIndex((each) => each.session_id === id);
    const before = rows[at];
    if (!before) return null;
    if (session.counts.events >= before.counts.events) rows[at] = session;
    return before;
  }

  /** Whether a session that is not here stands in rows that are not here, either. */
  private isElsewhere(place: Place): boolean {
    const last = this.pieces.findLast((piece) => piece.tail !== null)?.tail;
    if (this.next !== null && (!last || compare(place, last) > 0)) return true;
    return this.pieces.some(
      ({ rows, head, tail }) => !rows && head && tail && compare(head, place) <= 0 && compare(place, tail) <= 0,
    );
  }

  private settle(): void {
    this.moved = this.movedIds.size;
    if (this.moved > 0 || this.fresh.length > mostFresh) this.doubt = pause;
    if (this.doubt !== null && this.isAtTop) this.beginSoon(this.doubt);
  }

  private beginSoon(wait: number): void {
    if (this.timer || this.underWay) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        // Who scrolled away meanwhile is not taken back to the top.
        if (this.isAtTop && !this.underWay) void this.begin();
      },
      Math.max(0, this.lastBegun + wait - performance.now()),
    );
  }

  /** Asks for what is missing where the user looks, one page at a time. */
  private fill(): void {
    if (this.underWay || this.problem || this.loading || !this.source) return;
    let begin = this.fresh.length;
    for (const piece of this.pieces) {
      const isNear = begin < this.window.end + ahead && begin + piece.count > this.window.first - ahead;
      if (isNear && (!piece.rows || piece.stale)) {
        void this.refresh(piece);
        return;
      }
      begin += piece.count;
    }
    if (this.next !== null && begin < this.window.end + ahead && !this.paused) void this.continue(this.next);
  }

  private async refresh(piece: Piece): Promise<void> {
    const page = await this.question(piece.cursor);
    if (!page) return;
    if (piece.cursor === null) {
      // The first page has no fixed begin: what is new in it waits, and its rows stay where they are.
      this.meanwhile.unshift(...page.sessions);
      piece.stale = false;
    } else {
      this.drop(piece);
      this.keep(piece, page);
    }
    this.arrived();
  }

  private async continue(cursor: string): Promise<void> {
    const page = await this.question(cursor);
    if (!page) return;
    this.append(cursor, page);
    this.empties = page.sessions.length > 0 ? 0 : this.empties + 1;
    this.paused = this.empties >= mostEmpty && this.next !== null;
    this.arrived();
  }

  private arrived(): void {
    this.changed();
    if (this.source) this.takeSessions(this.meanwhile, this.source);
    this.meanwhile = [];
    this.fill();
  }

  private async question(cursor: string | null): Promise<Page | null> {
    const controller = new AbortController();
    this.underWay = controller;
    this.retry.stop();
    this.meanwhile = [];
    const answer = await this.source?.ask(cursor, controller.signal);
    if (!answer || controller.signal.aborted) return null;
    this.underWay = null;
    this.problem = answer.ok ? null : answer.problem;
    this.retry.take(answer);
    return answer.ok ? answer.value : null;
  }

  private append(cursor: string | null, page: Page): void {
    const piece: Piece = { cursor, rows: null, count: 0, head: null, tail: null, stale: false };
    this.pieces.push(piece);
    this.keep(piece, page);
    this.next = page.next_cursor;
  }

  private keep(piece: Piece, page: Page): void {
    const order = this.source?.order ?? "newest";
    const [first, last] = [page.sessions[0], page.sessions.at(-1)];
    piece.rows = page.sessions;
    piece.count = page.sessions.length;
    piece.head = first ? placeOf(first, order) : null;
    piece.tail = last ? placeOf(last, order) : null;
    piece.stale = false;
    for (const { session_id } of page.sessions) this.holder.set(session_id, piece);
    this.dropFarthest();
  }

  private drop(piece: Piece): void {
    for (const { session_id } of piece.rows ?? [])
      if (this.holder.get(session_id) === piece) this.holder.delete(session_id);
    piece.rows = null;
  }

  private dropFarthest(): void {
    const kept = this.pieces.filter((piece) => piece.rows && piece.cursor !== null);
    if (kept.length <= piecesKept) return;
    let begin = this.fresh.length;
    const middle = (this.window.first + this.window.end) / 2;
    const distances = new Map<Piece, number>();
    for (const piece of this.pieces) {
      distances.set(piece, Math.abs(begin + piece.count / 2 - middle));
      begin += piece.count;
    }
    kept.sort((a, b) => (distances.get(b) ?? 0) - (distances.get(a) ?? 0));
    for (const piece of kept.slice(0, kept.length - piecesKept)) this.drop(piece);
  }

  private changed(): void {
    this.count = this.pieces.reduce((sum, piece) => sum + piece.count, this.fresh.length);
    this.more = this.next !== null;
    this.version += 1;
  }
}
