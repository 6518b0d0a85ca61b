/**
 * A stream's way from the upstream to the client: events pass as they come; the one that tells the client that the answer
 * is complete waits until the decision is committed. However the stream ends, the attempt is settled and observed once.
 */
import type { Milliseconds } from '@atp/core/units'
import type { CompletionStream } from '@atp/domain/adapter'
import type { Outcome, Usage } from '@atp/domain/observation'
import type { Steps } from './corridor.ts'
import type { Walk } from './exchange.ts'
import type { Reached } from './execute.ts'
import { asUpstreamError, failureOf, OUTCOME_OF } from './upstream-failure.ts'

const DONE = Buffer.from('[DONE]')

export async function* relay(
  steps: Steps,
  walk: Walk,
  reached: Reached<CompletionStream>,
  firstTokenAt: Milliseconds,
): AsyncGenerator<Buffer, void, void> {
  const { answer } = reached
  let open = true
  steps.metrics.streamStarted()
  const close = async (outcome: Outcome, usage: Usage | null): Promise<void> => {
    open = false
    steps.settler.settle(walk, reached, { outcome, firstTokenAt, usage })
    await steps.observer.observe(walk)
  }
  try {
    let last: Buffer | null = null
    for await (const events of answer.events) {
      if (last !== null) yield last
      last = null
      if (saysDone(events)) last = events
      else yield events
    }
    const { usage, complete } = answer.summary()
    await close(complete ? 'success' : 'cut', usage)
    if (last !== null) yield last
  } catch (thrown) {
    if (!open) throw thrown
    const error = asUpstreamError(thrown)
    await close(OUTCOME_OF[error.failure], answer.summary().usage)
    throw failureOf([{ arm: reached.upstream.arm, error }])
  } finally {
    steps.metrics.streamEnded()
    // The client left between two events: its provider bills what it wrote all the same.
    if (open) await close('cancelled', answer.summary().usage)
  }
}

/**
 * For an answer that nobody reads to its end: the upstream is cancelled, and the attempt settled unless it is already. Without it
 * a stream that was never begun would hold its adapter, and with it the stop of the gateway.
 */
export async function abandon(
  steps: Steps,
  walk: Walk,
  reached: Reached<CompletionStream>,
  firstTokenAt: Milliseconds,
): Promise<void> {
  if (reached.upstream.hasEnded) return
  await reached.answer.events[Symbol.asyncIterator]().return?.()
  steps.settler.settle(walk, reached, {
    outcome: 'cancelled',
    firstTokenAt,
    usage: reached.answer.summary().usage,
  })
  await steps.observer.observe(walk)
}

/** Looks at the tail only: nothing but blank lines follows `data: [DONE]`. */
function saysDone(events: Buffer): boolean {
  return events.indexOf(DONE, Math.max(0, events.length - 16)) >= 0
}
