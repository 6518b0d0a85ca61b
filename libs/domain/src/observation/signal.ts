/**
 * What an answer says of itself, at once, before anybody judged it.
 * - `refusal`: the model would not answer, or its provider's filter would not let it.
 * - `truncated`: it ended at a limit of tokens. `invalid_json`: JSON was asked for, and this is none.
 * - `abandoned`: the client went away while it was being written.
 */
export const SIGNALS = ['refusal', 'truncated', 'invalid_json', 'abandoned'] as const
export type Signal = (typeof SIGNALS)[number]

/** What a signal is taken for. */
export interface SignalMeaning {
  /** What such an answer is worth, in [0, 1], where the signal is right. */
  readonly quality: number
  /** How far the signal is believed, in [0, 1]; 0 ignores it. */
  readonly confidence: number
}

export type SignalMeanings = Readonly<Record<Signal, SignalMeaning>>

/** A signal as it was recorded: a later change of what it means must not touch what was learned from it. */
export interface RecordedSignal {
  readonly name: Signal
  /** Share of a sound answer that this one is worth, in [0, 1]. */
  readonly worth: number
}

export function recordSignal(name: Signal, meanings: SignalMeanings): RecordedSignal {
  const { quality, confidence } = meanings[name]
  return { name, worth: 1 - confidence * (1 - quality) }
}
