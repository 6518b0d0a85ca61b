/** A signal that fires when an answer is not to be completed: the client hung up, or the gateway gives it up. */
import type { FastifyReply } from 'fastify'

export function cancellationOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  reply.request.giveUp = reason => controller.abort(reason)
  return controller.signal
}
