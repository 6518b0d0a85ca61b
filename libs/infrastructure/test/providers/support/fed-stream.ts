/** A streamed call whose upstream is fed by hand: what a read of the socket brings is exactly what the test says. */
import { systemClock } from '@atp/core/clock'
import type { StreamSummary, UpstreamError } from '@atp/domain/adapter'
import type { Dispatcher, Pool } from 'undici'
import { ChatStream } from '../../../src/providers/chat-stream.ts'
import { StreamedAnswer } from '../../../src/providers/streamed-answer.ts'
import { PATIENT, streamCall } from './provider-under-test.ts'

export interface Fed {
  /** What arrives, read by read. */
  readonly reads: readonly Buffer[]
  /** In good order, or with a connection that breaks. */
  readonly ends: 'well' | 'cut'
  /** Whether only the gateway asked for usage. */
  readonly dropUsage: boolean
}

export interface Passed {
  /** Null where there was no stream: a fallback was possible. */
  readonly bytes: Buffer | null
  readonly error: UpstreamError | null
  readonly summary: StreamSummary | null
}

/** All that becomes of it; how it ended is `error`. */
export async function passed(fed: Fed): Promise<Passed> {
  const blocks: Buffer[] = []
  let answer: StreamedAnswer | null = null
  try {
    const stream = await new Promise<StreamedAnswer>((resolve, reject) => {
      const upstream = {
        name: 'adapter fed',
        pool: {
          dispatch: (_request: unknown, handler: Handler) => void feed(handler, fed),
        } as unknown as Pool,
        path: '/',
        limits: PATIENT,
        clock: systemClock,
        redact: (body: Buffer) => body,
      }
      const { body, signal } = streamCall()
      const opened = resolve as (stream: unknown) => void
      new StreamedAnswer(upstream, signal, new ChatStream(body, fed.dropUsage), opened, reject).send([], '{}')
    })
    answer = stream
    for await (const block of stream.events) blocks.push(block)
    return { bytes: Buffer.concat(blocks), error: null, summary: stream.summary() }
  } catch (thrown) {
    const error = thrown as UpstreamError
    if (answer === null) return { bytes: null, error, summary: null }
    return { bytes: Buffer.concat(blocks), error, summary: answer.summary() }
  }
}

type Handler = Required<Dispatcher.DispatchHandler>

async function feed(handler: Handler, { reads, ends }: Fed): Promise<void> {
  let resumed: (() => void) | null = null
  let paused: Promise<void> | null = null
  let aborted = false
  const controller = {
    pause() {
      paused = new Promise(resolve => {
        resumed = resolve
      })
    },
    resume() {
      paused = null
      resumed?.()
    },
    abort() {
      aborted = true
      resumed?.()
    },
  } as unknown as Dispatcher.DispatchController
  handler.onRequestStart(controller, null)
  handler.onResponseStart(controller, 200, { 'content-type': 'text/event-stream' }, 'OK')
  for (const read of reads) {
    await paused
    if (aborted) return
    handler.onResponseData(controller, read)
    // Now and then the reader gets its turn.
    if (read.length % 3 === 0) await new Promise(setImmediate)
  }
  await paused
  if (aborted) return
  if (ends === 'well') handler.onResponseEnd(controller, {})
  else handler.onResponseError(controller, Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
}
