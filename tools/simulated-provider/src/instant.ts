/** A fixed answer in no time, whatever was asked: an upstream for load benchmarks that must cost far less than what is measured. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { qualityMarker } from './answer-text.ts'
import { chunksOf, completionOf } from './completion.ts'
import { tokenize } from './tokens.ts'

const ENVELOPE = { id: 'chatcmpl-instant', created: 1_700_000_000, model: 'instant' }
const ANSWER = {
  tool: null,
  tokens: tokenize(`Yes. ${qualityMarker(1)}`),
  finishReason: 'stop',
  usage: { prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 },
} as const

const WHOLE = Buffer.from(JSON.stringify(completionOf(ENVELOPE, ANSWER)))
const STREAM = streamOf(false)
const STREAM_WITH_USAGE = streamOf(true)

const WHOLE_HEADERS = ['content-type', 'application/json', 'content-length', String(WHOLE.length)]
const STREAM_HEADERS = ['content-type', 'text/event-stream; charset=utf-8']

/** `"stream": true`, in spite of spaces: parsing the body would cost more than the answer. */
const ASKS_FOR_STREAM = /"stream"\s*:\s*true/
const ASKS_FOR_USAGE = /"include_usage"\s*:\s*true/

export function serveInstantly(request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.on('data', (part: Buffer) => {
    body += part.toString('latin1')
  })
  request.on('end', () => {
    if (ASKS_FOR_STREAM.test(body)) {
      response.writeHead(200, STREAM_HEADERS)
      response.end(ASKS_FOR_USAGE.test(body) ? STREAM_WITH_USAGE : STREAM)
    } else {
      response.writeHead(200, WHOLE_HEADERS)
      response.end(WHOLE)
    }
  })
}

function streamOf(includeUsage: boolean): Buffer {
  const { opening, tokens, finish, usage } = chunksOf(ENVELOPE, ANSWER, includeUsage)
  const events = [opening, ...tokens, finish, ...(usage === null ? [] : [usage]), '[DONE]']
  return Buffer.from(events.map(data => `data: ${data}\n\n`).join(''))
}
