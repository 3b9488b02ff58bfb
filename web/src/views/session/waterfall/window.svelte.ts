import { type Extent, around, lengthOf, pan, revealing, within, zoom } from "../model/extent";

/** Behind the end there is a little air, so that words beside the last bars have room. */
const air = 1.02;
/** More than this part of the run counts as all of it. */
const all = 0.999;

/** The part of the run's time that is shown: all of it, which grows while the run goes on, until the user chooses. */
export class TimeWindow {
  private readonly endOf: () => number;
  private chosen = $state.raw<Extent | null>(null);
  readonly whole = $derived.by<Extent>(() => ({ from: 0, to: Math.max(this.endOf(), 0.01) * air }));
  readonly shown = $derived.by<Extent>(() => (this.chosen ? within(this.chosen, this.whole) : this.whole));

  constructor(endOf: () => number) {
    this.endOf = endOf;
  }

  show(extent: Extent): void {
    this.chosen = lengthOf(extent) >= lengthOf(this.whole) * all ? null : within(extent, this.whole);
  }

  showAll(): void {
    this.chosen = null;
  }

  zoom(factor: number, at: number | null): void {
    this.show(zoom(this.shown, this.whole, factor, at ?? (this.shown.from + this.shown.to) / 2));
  }

  pan(part: number, from: Extent = this.shown): void {
    this.show(pan(from, this.whole, part));
  }

  fit(from: number, to: number): void {
    this.show(around(from, to, this.whole));
  }

  /** Moves to a time that is not seen at all. */
  reveal(from: number, to: number): void {
    if (this.chosen) this.chosen = revealing(this.shown, this.whole, from, to) ?? this.chosen;
  }
}
