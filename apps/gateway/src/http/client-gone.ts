/** A signal that fires when the client hangs up before its answer is complete. */
import type { ServerResponse } from 'node:http'

export function clientGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}
