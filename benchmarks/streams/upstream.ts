/** The mock upstream of the streams bench: one long answer, an event a turn, or at a pace, so that they travel one by one. Prints its URL. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { EVENTS, PACE_MS, PACED_WANTED } from './answer.ts'

/** The streams under way at a pace, and how many of its events each has had. */
const paced = new Map<ServerResponse, number>()

const server = createServer(async (request, response) => {
  const body = await text(request)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.socket?.setNoDelay(true)
  if (body.includes(PACED_WANTED)) paced.set(response, 0)
  else sendFrom(0, response)
})

setInterval(() => {
  for (const [response, sent] of paced) {
    if (send(sent, response)) paced.set(response, sent + 1)
    else paced.delete(response)
  }
}, PACE_MS)

server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})

function sendFrom(index: number, response: ServerResponse): void {
  if (send(index, response)) setImmediate(sendFrom, index + 1, response)
}

/** @returns whether there is more */
function send(index: number, response: ServerResponse): boolean {
  const event = EVENTS[index]
  if (event === undefined) response.end()
  else response.write(event)
  return event !== undefined
}
