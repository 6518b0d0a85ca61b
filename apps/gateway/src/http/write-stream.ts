/** Writes a stream of buffers to a client at the client's pace: a slow reader slows the upstream, not our memory. */
import type { ServerResponse } from 'node:http'

/**
 * Returns when all is written or the client is gone. The response is left open.
 * @param patienceMs how long the client may leave unread what was written; then its connection is closed
 */
export async function writeStream(
  response: ServerResponse,
  events: AsyncIterable<Buffer | string>,
  patienceMs: number,
): Promise<void> {
  for await (const chunk of events) {
    if (response.destroyed) return
    if (!response.write(chunk)) await drained(response, patienceMs)
  }
}

function drained(response: ServerResponse, patienceMs: number): Promise<void> {
  return new Promise(resolve => {
    const giveUp = setTimeout(() => response.destroy(), patienceMs)
    const proceed = (): void => {
      clearTimeout(giveUp)
      response.off('drain', proceed)
      response.off('close', proceed)
      resolve()
    }
    response.on('drain', proceed)
    response.on('close', proceed)
  })
}
