/** Every bound and time-out of the hooks, with its reason. */
export const limits = {
  /** Characters of one text; longer ones are cut. A screen holds less, and the gateway refuses events above 256 KiB. */
  textCharacters: 16_384,
  /** Characters of one input or output altogether. */
  contentCharacters: 32_768,
  /** Elements of one list or object that are kept. */
  elements: 200,
  /** Nesting of a value that is kept; the gateway takes 64 for a whole request. */
  depth: 12,
  /** Bytes of one event as JSON; the gateway refuses more than 256 KiB. */
  eventBytes: 250 * 1024,
  /** Of a correlation id or a name; what the schema allows. */
  idCharacters: 128,

  /** What waits on this disk while the gateway is away: about a week of one busy agent. */
  spoolBytes: 64 * 1024 * 1024,
  spoolFiles: 50_000,
  /** One request; the gateway takes 10,000 events, but a smaller piece is stored and forgotten sooner. */
  batchEvents: 500,
  batchBytes: 1024 * 1024,

  /** For an answer of the gateway. The first turn of an agent can keep its process busy for seconds. */
  postMs: 15_000,
  /** Pauses between tries double from the first to the last of these, each with up to half of it more at random. */
  firstPauseMs: 500,
  lastPauseMs: 60_000,
  /** When the gateway refuses the token or the address: somebody has to mend it first. */
  refusedPauseMs: 60_000,
  /** The longest Retry-After that is obeyed. */
  longestRetryAfterMs: 300_000,

  /** A lock is touched this often by its holder, and is nobody's when it was not touched for so long. */
  lockTouchMs: 5_000,
  lockStaleMs: 30_000,

  /** The hooks' log is started anew when it is larger. */
  logBytes: 256 * 1024,
} as const;
