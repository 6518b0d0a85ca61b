/** The mock upstream of the streams bench: one long answer, an event a turn, or at a pace, so that they travel one by one. Prints its URL. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { eventsFor, PACE_MS, PACED_WANTED } from './answer.ts'

interface Stream {
  readonly response: ServerResponse
  readonly events: readonly Buffer[]
  sent: number
}

/** The streams under way at a pace. */
const paced = new Set<Stream>()

const server = createServer(async (request, response) => {
  const body = await text(request)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.socket?.setNoDelay(true)
  const stream = { response, events: eventsFor(request.url ?? ''), sent: 0 }
  if (body.includes(PACED_WANTED)) paced.add(stream)
  else sendAll(stream)
})

setInterval(() => {
  for (const stream of paced) {
    if (!sendNext(stream)) paced.delete(stream)
  }
}, PACE_MS)

server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})

function sendAll(stream: Stream): void {
  if (sendNext(stream)) setImmediate(sendAll, stream)
}

/** @returns whether there is more */
function sendNext(stream: Stream): boolean {
  const event = stream.events[stream.sent++]
  if (event === undefined) stream.response.end()
  else stream.response.write(event)
  return event !== undefined
}
