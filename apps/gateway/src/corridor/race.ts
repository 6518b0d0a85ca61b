/** Two calls for one request, each with a signal of its own, so that the loser can be cancelled while the winner goes on. */
import type { CallTerms, Provider, UpstreamError } from '@atp/domain/adapter'
import type { OpenCall } from './open-call.ts'
import { asUpstreamError } from './upstream-failure.ts'

/** Sends what is asked, on these terms. */
export type Ask<Answer> = (provider: Provider, terms: CallTerms) => Promise<Answer>

/** The signal of one runner: its client's, or ours where it has lost. */
export class Lane {
  readonly #lost = new AbortController()
  readonly signal: AbortSignal

  constructor(client: AbortSignal) {
    this.signal = AbortSignal.any([client, this.#lost.signal])
  }

  readonly leave = (): void => this.#lost.abort()
}

export type Runner<Answer> = OpenCall & {
  readonly lane: Lane
  /** Undefined until it has answered. */
  answer: { readonly value: Answer } | undefined
  hasFailed: boolean
  /** Cancelled, because the other one won. */
  hasLost: boolean
  /** Resolves when it has answered or failed. */
  readonly ended: Promise<unknown>
}

export interface RunnerEvents<Answer> {
  failed(error: UpstreamError): void
  /** It had lost already. */
  answeredLate(answer: Answer): void
}

/** Sends the call. */
export function run<Answer>(
  open: OpenCall,
  lane: Lane,
  ask: Ask<Answer>,
  events: RunnerEvents<Answer>,
): Runner<Answer> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const runner: Runner<Answer> = { ...open, lane, answer: undefined, hasFailed: false, hasLost: false, ended }
  const send = async () => ask(open.upstream.provider, open.terms)
  send().then(
    value => {
      if (runner.hasLost) events.answeredLate(value)
      else runner.answer = { value }
      end()
    },
    thrown => {
      runner.hasFailed = true
      if (!runner.hasLost) events.failed(asUpstreamError(thrown))
      end()
    },
  )
  return runner
}

/** @returns the first that answers; null where neither does. @param second null where it is not sent after all */
export function winnerOf<Answer>(
  first: Runner<Answer>,
  second: Promise<Runner<Answer> | null>,
): Promise<Runner<Answer> | null> {
  const { promise, resolve } = Promise.withResolvers<Runner<Answer> | null>()
  let running = 2
  const ended = (runner: Runner<Answer> | null): void => {
    running -= 1
    if (runner?.answer !== undefined) resolve(runner)
    else if (running === 0) resolve(null)
  }
  void first.ended.then(() => ended(first))
  void second.then(runner => (runner === null ? ended(null) : runner.ended.then(() => ended(runner))))
  return promise
}
