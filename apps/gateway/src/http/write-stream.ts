/** Writes a stream of buffers to a client at the client's pace: a slow reader slows the upstream, not our memory. */
import type { ServerResponse } from 'node:http'

/** Returns when all is written or the client is gone. The response is left open. */
export async function writeStream(
  response: ServerResponse,
  events: AsyncIterable<Buffer | string>,
): Promise<void> {
  for await (const chunk of events) {
    if (response.destroyed) return
    if (!response.write(chunk)) await drained(response)
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const proceed = (): void => {
      response.off('drain', proceed)
      response.off('close', proceed)
      resolve()
    }
    response.on('drain', proceed)
    response.on('close', proceed)
  })
}
