/**
 * The port to guardrails: what looks at the texts of a request and of its answer before they pass the door. What is found is told by
 * kind and number only: no text of it leaves the reading.
 */

/** Each is looked for in this order; the names are the sections of the configuration. */
export type GuardrailName = 'prompt_size' | 'patterns' | 'pii'

export type GuardrailMode = 'off' | 'report' | 'mask' | 'block'

export type Direction = 'input' | 'output'

/** Something found, by its offsets in UTF-16 code units. */
export interface Span {
  readonly start: number
  /** Behind its last code unit. */
  readonly end: number
  /** One of a few names that the configuration allows: a label of metrics. */
  readonly kind: string
}

/** A beginning of what was read that no further text can change, and what was found in it. */
export interface Decided {
  readonly text: string
  /** Ascending, without overlaps, offsets in `text`. */
  readonly spans: readonly Span[]
}

/**
 * One text, read as it comes. The texts that `push` and `end` return are, in sum, what was pushed; which spans they hold does not depend on
 * how the text was cut.
 */
export interface Reading {
  push(text: string): Decided
  end(): Decided
}

/** Finds something in texts. */
export interface Detector {
  /** Of a text that is there as a whole. */
  find(text: string): readonly Span[]
  /** Of a text that comes in parts, which ends later: it holds back no more than what it looks for may still span. */
  reading(): Reading
  /** What takes a span's place. */
  placeholder(kind: string): string
}

/** A detector, and what is done about what it finds. */
export interface TextGuard {
  readonly name: GuardrailName
  readonly detector: Detector
  readonly mode: Exclude<GuardrailMode, 'off'>
}
