/**
 * A streamed call that goes on where its client leaves after the first content: it is read to its end without one, so that it is billed by what
 * its upstream reports, and not by a guess. Its time limits hold, and a stop ends it. Invariant: who gives the answer up for a reason of
 * ours, or leaves before there is content, cancels it all the same.
 */
import { AtpError } from '@atp/core/errors'
import type { OpenWork } from '@atp/core/shutdown'
import type { CompletionStream } from '@atp/domain/adapter'
import type { Outcome } from '@atp/domain/observation'
import { asUpstreamError, OUTCOME_OF } from './upstream-failure.ts'

export class KeptCall {
  readonly #client: AbortSignal
  readonly #tasks: Pick<OpenWork, 'track'>
  readonly #name: string
  readonly #upstream = new AbortController()
  #hasContent = false
  /** Says that it is open work no more; null as long as its client is there. */
  #done: (() => void) | null = null
  #failed: Outcome | null = null
  #onLost: () => void = () => undefined

  /**
   * @param client fires when the client leaves, or with a reason of ours
   * @param name for the log of a stop that finds it open
   */
  constructor(client: AbortSignal, tasks: Pick<OpenWork, 'track'>, name: string) {
    this.#client = client
    this.#tasks = tasks
    this.#name = name
    client.addEventListener('abort', this)
    if (client.aborted) this.handleEvent()
  }

  /** For the call. */
  get signal(): AbortSignal {
    return this.#upstream.signal
  }

  get hasLostClient(): boolean {
    return this.#done !== null
  }

  /** Calls `listener` when its client leaves after its first content; at once, where it has left. */
  onLost(listener: () => void): void {
    this.#onLost = listener
    if (this.hasLostClient) listener()
  }

  contentCame(): void {
    this.#hasContent = true
  }

  /** It is settled. */
  settled(): void {
    this.#client.removeEventListener('abort', this)
    this.#done?.()
  }

  // The client's signal has fired.
  handleEvent(): void {
    const { reason } = this.#client
    if (!this.#hasContent || !isClientGone(reason)) {
      this.#upstream.abort(reason)
      return
    }
    this.#done = this.#tasks.track(this.#name, {
      end: detail => this.#upstream.abort(new AtpError('shutting_down', { detail })),
      cut: () => this.#upstream.abort(reason),
    })
    this.#onLost()
  }

  /** The same events; whose reader leaves because the client did, has them read on. */
  readOn({ events }: CompletionStream): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.#reading(events[Symbol.asyncIterator]()) }
  }

  /** What became of an answer that was read on. */
  outcomeOf(answer: CompletionStream): Outcome {
    if (!this.hasLostClient) return 'cancelled'
    return this.#failed ?? (answer.summary().complete ? 'success' : 'cut')
  }

  #reading(events: AsyncIterator<Buffer>): AsyncIterator<Buffer> {
    return {
      next: () => events.next(),
      return: async () => {
        if (this.hasLostClient) await this.#drain(events)
        else await events.return?.()
        return { value: undefined, done: true }
      },
    }
  }

  async #drain(events: AsyncIterator<Buffer>): Promise<void> {
    try {
      while (!(await events.next()).done) {}
    } catch (thrown) {
      this.#failed = OUTCOME_OF[asUpstreamError(thrown).failure]
    }
  }
}

/** A signal that fires without a reason has the platform's. */
function isClientGone(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError'
}
