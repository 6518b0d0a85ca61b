/**
 * A stream's way from the upstream to the client: events pass as they come; the one that tells the client that the answer
 * is complete waits until the decision is committed. However the stream ends, the attempt is settled and observed once.
 */
import type { Milliseconds } from '@atp/core/units'
import type { CompletionStream } from '@atp/domain/adapter'
import type { Outcome, Signal } from '@atp/domain/observation'
import type { Steps } from './corridor.ts'
import type { Walk } from './exchange.ts'
import type { Reached } from './execute.ts'
import { signalOf } from './signal.ts'
import { asUpstreamError, failureOf, givenUpFor, OUTCOME_OF } from './upstream-failure.ts'

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
  const close = (outcome: Outcome, signal: Signal | null): Promise<void> => {
    open = false
    return end(steps, walk, reached, firstTokenAt, outcome, signal)
  }
  try {
    let last: Buffer | null = null
    for await (const events of answer.events) {
      if (last !== null) yield last
      last = null
      if (saysDone(events)) last = events
      else yield events
    }
    const { complete, ...signs } = answer.summary()
    if (complete)
      await close('success', signalOf(walk.exchange.body, { ...signs, text: () => answer.text() }))
    else await close('cut', null)
    if (complete) considerJudging(steps, walk, reached, () => answer.text())
    if (last !== null) yield last
  } catch (thrown) {
    if (!open) throw thrown
    const error = asUpstreamError(thrown)
    const outcome = OUTCOME_OF[error.failure]
    await close(outcome, outcome === 'cancelled' && givenUpFor(error) === null ? 'abandoned' : null)
    throw failureOf([{ arm: reached.upstream.arm, error }])
  } finally {
    steps.metrics.streamEnded()
    // The client left between two events: its provider bills what it wrote all the same.
    if (open) await close('cancelled', 'abandoned')
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
  await end(steps, walk, reached, firstTokenAt, 'cancelled', 'abandoned')
}

/** Makes feedback possible before the decision is committed; said again once it is known what the answer said of itself. */
export function remember(
  { feedback }: Pick<Steps, 'feedback'>,
  { exchange, plan, signal }: Walk,
  { upstream }: Reached<unknown>,
): void {
  const { id, tenant, at, options } = exchange
  const { task = null } = options
  const { pinned, features } = plan
  feedback.remember({ id, tenant, task, arm: upstream.arm.id, pinned, features, signal, at })
}

/** The answer is whole and recorded: perhaps somebody says what it is worth. Of a model that the client named nothing would be learned. */
export function considerJudging(
  { judging }: Pick<Steps, 'judging'>,
  { exchange, plan }: Walk,
  { upstream }: Reached<unknown>,
  text: () => string | null,
): void {
  if (judging === null || plan.pinned) return
  const { tenant, id: decisionId, body } = exchange
  judging.consider({ tenant, decisionId, arm: upstream.arm.id, body, text })
}

async function end(
  steps: Steps,
  walk: Walk,
  reached: Reached<CompletionStream>,
  firstTokenAt: Milliseconds,
  outcome: Outcome,
  signal: Signal | null,
): Promise<void> {
  const { usage } = reached.answer.summary()
  steps.settler.settle(walk, reached, { outcome, firstTokenAt, usage, signal })
  // Who judged it while it was being written has had the last word.
  if (steps.feedback.isJudged(walk.exchange.id)) walk.signal = null
  if (walk.signal !== null) remember(steps, walk, reached)
  await steps.observer.observe(walk)
}

/** Looks at the tail only: nothing but blank lines follows `data: [DONE]`. */
function saysDone(events: Buffer): boolean {
  return events.indexOf(DONE, Math.max(0, events.length - 16)) >= 0
}
