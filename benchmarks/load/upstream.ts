/** The mock upstream of the load bench: one fixed chat completion, as cheap as Node can serve it. Prints its URL. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const ANSWER = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1,
    model: 'bench',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'All systems are nominal.'.repeat(8) }, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 24, completion_tokens: 48, total_tokens: 72 },
  }),
)
const HEADERS = { 'content-type': 'application/json', 'content-length': String(ANSWER.length) }

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => response.writeHead(200, HEADERS).end(ANSWER))
})
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
