/**
 * Sends a streamed answer: its head, its events, its end. Invariant: whatever throws, the answer is closed and the client's
 * response is not left open.
 */
import type { FastifyReply } from 'fastify'
import type { StreamedAnswer } from '../corridor/corridor.ts'
import { headHeaders } from './decision-headers.ts'
import { asAtpError } from './error-response.ts'
import { writeStream } from './write-stream.ts'

export interface StreamForm {
  readonly contentType: string
  readonly events: AsyncIterable<Buffer | string>
  /** The first byte is sent: all that is left is to say what broke, in the stream. */
  readonly lastWords: (thrown: unknown) => string
  /** Milliseconds that the client may leave what was written unread. */
  readonly patienceMs: number
}

/** @throws whatever the head is made of: the reply is still the caller's then */
export async function sendStream(
  reply: FastifyReply,
  answer: StreamedAnswer,
  { contentType, events, lastWords, patienceMs }: StreamForm,
): Promise<FastifyReply> {
  const response = reply.raw
  try {
    response.writeHead(200, {
      ...headHeaders(answer),
      'content-type': contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    reply.hijack()
    try {
      await writeStream(response, events, patienceMs)
    } catch (thrown) {
      report(reply, answer, thrown)
      response.write(lastWords(thrown))
    }
    response.end()
    return reply
  } finally {
    await answer.close()
  }
}

/** The error handler never sees what breaks after the first byte. */
function report(reply: FastifyReply, { id, arm }: StreamedAnswer, thrown: unknown): void {
  const err = asAtpError(thrown)
  const level = err.code === 'client_closed_request' ? 'debug' : 'warn'
  reply.log[level]({ err, code: err.code, decision_id: id, arm }, 'a stream broke after its first byte')
}
