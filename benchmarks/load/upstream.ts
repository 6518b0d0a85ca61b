/** The mock upstream of the load bench: one fixed chat completion, whole or streamed, as cheap as Node can serve it. Prints its URL. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { STREAMED_EVENTS, WHOLE_ANSWER } from './answers.ts'

const WHOLE_HEADERS = { 'content-type': 'application/json', 'content-length': String(WHOLE_ANSWER.length) }
const STREAM_HEADERS = { 'content-type': 'text/event-stream' }
const STREAM_WANTED = Buffer.from('"stream":true')

const server = createServer((request, response) => {
  let streamed = false
  request.on('data', (body: Buffer) => {
    streamed ||= body.includes(STREAM_WANTED)
  })
  request.once('end', () => {
    if (!streamed) response.writeHead(200, WHOLE_HEADERS).end(WHOLE_ANSWER)
    else sendFrom(0, response.writeHead(200, STREAM_HEADERS))
  })
})
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})

/** An event a turn, so that they travel one by one, as a model's tokens do. */
function sendFrom(index: number, response: ServerResponse): void {
  const event = STREAMED_EVENTS[index]
  if (event === undefined) {
    response.end()
    return
  }
  response.write(event)
  setImmediate(sendFrom, index + 1, response)
}
