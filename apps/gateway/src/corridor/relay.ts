/**
 * A stream's way from the upstream to the client: events pass as they come; the one that tells the client that the answer
 * is complete waits until the decision is committed. However the stream ends, the attempt is settled and observed once.
 */
import type { AtpError } from '@atp/core/errors'
import type { Milliseconds } from '@atp/core/units'
import { type ChatBody, type CompletionStream, type ResponseBody, UpstreamError } from '@atp/domain/adapter'
import type { Outcome, Signal } from '@atp/domain/observation'
import type { Steps } from './corridor.ts'
import type { AnyWalk, Walk } from './exchange.ts'
import type { Reached } from './execute.ts'
import type { KeptCall } from './kept-call.ts'
import { signalOf } from './signal.ts'
import { asUpstreamError, failureOf, givenUpFor, OUTCOME_OF } from './upstream-failure.ts'

const DONE = Buffer.from('[DONE]')

/** What is asked for as a stream. */
export type StreamedBody = ChatBody | ResponseBody

/** A stream that has content, on its way to its client. */
export interface Delivery {
  readonly walk: Walk<StreamedBody>
  readonly reached: Reached<CompletionStream>
  readonly firstTokenAt: Milliseconds
  /** Null where the call is cancelled when its client leaves. */
  readonly kept: KeptCall | null
}

type Ending = readonly [outcome: Outcome, signal: Signal | null]

export async function* relay(steps: Steps, delivery: Delivery): AsyncGenerator<Buffer, void, void> {
  const { reached, kept } = delivery
  const { answer } = reached
  const isLast = answer.isLast ?? saysDone
  let open = true
  const uncount = countStream(steps, kept)
  const close = (ending: Ending): Promise<void> => {
    open = false
    return end(steps, delivery, ending)
  }
  try {
    let last: Buffer | null = null
    for await (const events of kept === null ? answer.events : kept.readOn(answer)) {
      if (last !== null) yield last
      last = null
      if (isLast(events)) last = events
      else yield events
    }
    const ending = endingOf(delivery)
    await close(ending)
    perhapsJudged(steps, delivery, ending)
    if (last !== null) yield last
    if (ending[0] === 'cut') throw endedEarly(delivery)
  } catch (thrown) {
    if (!open) throw thrown
    const error = asUpstreamError(thrown)
    await close(brokenBy(error))
    throw failureOf([{ arm: reached.upstream.arm, error }])
  } finally {
    uncount()
    // The client left between two events: its provider bills what it wrote all the same.
    if (open) await close([kept?.outcomeOf(answer) ?? 'cancelled', 'abandoned'])
  }
}

/** Whoever has lost its client streams to none. @returns counts it no more */
function countStream({ metrics }: Steps, kept: KeptCall | null): () => void {
  let isCounted = true
  const uncount = (): void => {
    if (isCounted) metrics.streamEnded()
    isCounted = false
  }
  metrics.streamStarted()
  kept?.onLost(uncount)
  return uncount
}

/** Of a stream that its upstream has ended. */
function endingOf({ walk, reached: { answer }, kept }: Delivery): Ending {
  const { complete, ...signs } = answer.summary()
  if (!complete) return ['cut', null]
  if (kept?.hasLostClient) return ['success', 'abandoned']
  return ['success', signalOf(walk.exchange.body, { ...signs, text: () => answer.text() })]
}

function brokenBy(error: UpstreamError): Ending {
  const outcome = OUTCOME_OF[error.failure]
  return [outcome, outcome === 'cancelled' && givenUpFor(error) === null ? 'abandoned' : null]
}

function perhapsJudged(steps: Steps, { walk, reached }: Delivery, [outcome, signal]: Ending): void {
  if (outcome !== 'success' || signal === 'abandoned') return
  considerJudging(steps, walk, reached, () => reached.answer.text())
}

/** In good order, as far as HTTP knows: nobody must take it for the whole. */
function endedEarly({ reached }: Delivery): AtpError {
  const error = new UpstreamError('cut', 'the stream ended without saying that the answer was complete')
  return failureOf([{ arm: reached.upstream.arm, error }])
}

/**
 * For an answer that nobody reads to its end: the upstream is cancelled, and the attempt settled unless it is already. Without it
 * a stream that was never begun would hold its adapter, and with it the stop of the gateway.
 */
export async function abandon(steps: Steps, delivery: Delivery): Promise<void> {
  const { reached } = delivery
  if (reached.upstream.hasEnded) return
  await reached.answer.events[Symbol.asyncIterator]().return?.()
  await end(steps, delivery, ['cancelled', 'abandoned'])
}

/** Makes feedback possible before the decision is committed; said again once it is known what the answer said of itself. */
export function remember(
  { feedback }: Pick<Steps, 'feedback'>,
  { exchange, plan, signal }: AnyWalk,
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
  { exchange, plan }: Walk<StreamedBody>,
  { upstream }: Reached<unknown>,
  text: () => string | null,
): void {
  if (judging === null || plan.pinned) return
  const { tenant, id: decisionId, body } = exchange
  if (!isChat(body)) return
  judging.consider({ tenant, decisionId, arm: upstream.arm.id, body, text })
}

function isChat(body: StreamedBody): body is ChatBody {
  return Array.isArray(body.messages)
}

async function end(
  steps: Steps,
  { walk, reached, firstTokenAt, kept }: Delivery,
  [outcome, signal]: Ending,
): Promise<void> {
  try {
    const { usage } = reached.answer.summary()
    steps.settler.settle(walk, reached, { outcome, firstTokenAt, usage, signal })
    // Who judged it while it was being written has had the last word.
    if (steps.feedback.isJudged(walk.exchange.id)) walk.signal = null
    if (walk.signal !== null) remember(steps, walk, reached)
    await steps.observer.observe(walk)
  } finally {
    kept?.settled()
  }
}

/** Looks at the tail only: nothing but blank lines follows `data: [DONE]`. */
function saysDone(events: Buffer): boolean {
  return events.indexOf(DONE, Math.max(0, events.length - 16)) >= 0
}
