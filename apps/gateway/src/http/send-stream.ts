/**
 * Sends a streamed answer: its head, its events, its end. Invariant: whatever throws, the answer is closed and the client's
 * response is not left open.
 */
import type { DecisionId } from '@atp/core/ids'
import type { FastifyReply } from 'fastify'
import type { StreamedAnswer } from '../corridor/corridor.ts'
import { DECISION_ID, headHeaders } from './decision-headers.ts'
import { asAtpError } from './error-response.ts'
import { HeldHead, type HoldOptions } from './held-head.ts'
import { writeStream } from './write-stream.ts'

/** How a route's wire format puts a stream. */
export interface StreamForm {
  /** Null: as the upstream says. */
  readonly contentType: string | null
  readonly events: (answer: StreamedAnswer) => AsyncIterable<Buffer | string>
  /** What says that nothing has come yet, over and over. */
  readonly ping: string
  /** The head is sent: all that is left is to say what broke, in the stream. */
  readonly lastWords: (thrown: unknown) => string
}

export interface StreamPace extends HoldOptions {
  /** Milliseconds that the client may leave what was written unread. */
  readonly patienceMs: number
}

/** What every reader of server-sent events skips. */
export const COMMENT_PING = ': ping\n\n'

/**
 * @param opening the answer, once it has content
 * @throws what `opening` throws before the head had to go out: the reply is still the caller's then
 */
export async function sendStream(
  reply: FastifyReply,
  id: DecisionId,
  opening: Promise<StreamedAnswer>,
  form: StreamForm,
  pace: StreamPace,
): Promise<FastifyReply> {
  const contentType = form.contentType ?? 'text/event-stream'
  const head = new HeldHead(reply, { contentType, headers: { [DECISION_ID]: id }, ping: form.ping }, pace)
  let answer: StreamedAnswer
  try {
    answer = await opening
  } catch (thrown) {
    head.stop()
    if (!head.isSent) throw thrown
    end(reply, thrown, form, { decision_id: id })
    return reply
  }
  try {
    head.send(form.contentType ?? answer.contentType, headHeaders(answer))
    try {
      await writeStream(reply.raw, form.events(answer), pace.patienceMs)
      reply.raw.end()
    } catch (thrown) {
      end(reply, thrown, form, { decision_id: id, arm: answer.arm })
    }
    return reply
  } finally {
    head.stop()
    await answer.close()
  }
}

/** The error handler never sees what breaks after the head. */
function end(reply: FastifyReply, thrown: unknown, { lastWords }: StreamForm, context: object): void {
  const err = asAtpError(thrown)
  const level = err.code === 'client_closed_request' ? 'debug' : 'warn'
  reply.log[level]({ err, code: err.code, ...context }, 'a stream broke after its head was sent')
  reply.raw.end(lastWords(thrown))
}
