/** Gives an answer in its time: whole, or token by token with the stream faults of the model. Ends early when the client leaves. */
import type { ServerResponse } from 'node:http'
import { setImmediate as flushed, setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './answer.ts'
import { chunksOf, completionOf, type Envelope } from './completion.ts'
import { sendJson } from './openai-error.ts'
import type { UpstreamModel } from './upstream-model.ts'

/** How an answer ended, seen from the upstream. */
export type Ending = 'completed' | 'fault' | 'aborted'

export interface Reply {
  readonly response: ServerResponse
  readonly upstream: UpstreamModel
  readonly envelope: Envelope
  readonly answer: Answer
  readonly pace: { readonly firstTokenMs: number; readonly perTokenMs: number }
  /** Aborted when the client's connection closes. */
  readonly gone: AbortSignal
}

export async function replyWhole(reply: Reply): Promise<Ending> {
  const { response, envelope, answer, pace } = reply
  const due = performance.now() + pace.firstTokenMs + answer.tokens.length * pace.perTokenMs
  if (!(await reached(due, reply.gone))) return 'aborted'
  sendJson(response, 200, completionOf(envelope, answer))
  return 'completed'
}

export async function replyStreamed(reply: Reply, includeUsage: boolean): Promise<Ending> {
  const { response, envelope, answer, pace, upstream, gone } = reply
  const chunks = chunksOf(envelope, answer, includeUsage)
  const faults = upstream.breaksStream() ? upstream.faults : {}
  const firstDue = performance.now() + pace.firstTokenMs
  if (!(await reached(firstDue, gone))) return 'aborted'
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(event(chunks.opening))
  for (const [position, token] of chunks.tokens.entries()) {
    if (!(await reached(firstDue + position * pace.perTokenMs, gone))) return 'aborted'
    if (position === faults.cut_stream_after) return cut(response)
    if (position === faults.stall_stream_after) return stall(gone)
    if (position === faults.malformed_after) response.write(event(token.slice(0, token.length / 2)))
    response.write(event(token))
  }
  response.write(event(chunks.finish))
  if (chunks.usage !== null) response.write(event(chunks.usage))
  response.end(event('[DONE]'))
  return 'completed'
}

/** Takes the request and says nothing until the client gives up. */
export async function stall(gone: AbortSignal): Promise<Ending> {
  await reached(Number.POSITIVE_INFINITY, gone)
  return 'aborted'
}

/** What was written still arrives; the end of the body never does. */
export async function cut(response: ServerResponse): Promise<Ending> {
  await flushed()
  response.socket?.destroySoon()
  return 'fault'
}

function event(data: string): string {
  return `data: ${data}\n\n`
}

/** A timer is no finer than this: tokens that are due sooner leave together. */
const FINEST_MS = 1
const LONGEST_MS = 2 ** 31 - 1

/** Waits until then, by `performance.now()`. @returns false where the client left before */
export async function reached(due: number, gone: AbortSignal): Promise<boolean> {
  const wait = Math.min(due - performance.now(), LONGEST_MS)
  if (wait >= FINEST_MS) {
    try {
      await sleep(wait, undefined, { signal: gone })
    } catch {
      return false
    }
  }
  return !gone.aborted
}
