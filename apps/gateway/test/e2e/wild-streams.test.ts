/** Streams as no upstream should send them, through a real gateway: byte for byte, and paid for to the token. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { NEVER_OPEN } from '../support/never-open.ts'
import { get } from '../support/post.ts'
import { configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { seriesOf } from '../support/series.ts'
import { DONE, FINISH, ROLE, text, usage } from '../support/stream-chunks.ts'
import { begun } from '../support/two-upstreams.ts'

const STREAMS = 200
const AT_ONCE = 16
/** More than any of them delivers. */
const MANY = 1_000_000

const tokens = fc.integer({ min: MANY, max: 2 * MANY })
const harmless = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map(said => text(said)),
  fc.constantFrom(
    ': ping\n\n',
    '\n',
    'nonsense\n\n',
    'data: {"garbled\n\n',
    'data:\n\n',
    'retry: 5\nid: 7\n\n',
    ROLE,
  ),
  fc.constantFrom(text('"usage":{"prompt_tokens":1}'), text('data: [DONE]\n\n'), text('x '.repeat(30_000))),
  fc.constant('data: {"choices":[],"usage":\ndata: {"prompt_tokens":1,"completion_tokens":1}}\n\n'),
)
const broken = fc.constantFrom(
  'data: {"error":{"message":"busy"}}\n\n',
  'event: error\ndata: busy\n\n',
  null,
  null,
  null,
  null,
)

const wild = fc.record({
  start: fc.constantFrom('', '\uFEFF', ': hello\n\n', ROLE),
  before: fc.array(harmless, { maxLength: 5 }),
  broken,
  after: fc.array(harmless, { maxLength: 5 }),
  earlier: fc.option(fc.tuple(tokens, tokens)),
  last: fc.tuple(tokens, tokens),
  end: fc.constantFrom(DONE, DONE, FINISH, FINISH + DONE, DONE.trimEnd(), ''),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  sizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
})

const streams = fc.sample(wild, { numRuns: STREAMS, seed: 20_261_128 }).map(stream => {
  const { start, before, broken, after, earlier, last, end, lineEnd, sizes } = stream
  const counted = [...(earlier === null ? [] : [usage(...earlier)]), ...after, usage(...last)]
  const raw = start + text('a') + [...before, broken ?? '', ...counted].join('') + end
  const bytes = Buffer.from(raw.replaceAll('\n', lineEnd))
  return { bytes, sizes, input: last[0], output: last[1], isComplete: broken === null && end !== '' }
})

it(`${STREAMS} of them pass`, async () => {
  await using upstream = await ScriptedUpstream.start(async ({ body }, response) => {
    const { bytes, sizes } = streamOf(body)
    begun(response)
    for (let at = 0, read = 0; at < bytes.length && !response.destroyed; read++) {
      // Thousands of bytes one by one would take their time.
      const size = (sizes[read % sizes.length] as number) * (bytes.length > 10_000 ? 100 : 1)
      response.write(bytes.subarray(at, at + size))
      at += size
      await new Promise(setImmediate)
    }
    response.end()
  })
  const config = { ...configFor(upstream), breaker: NEVER_OPEN }
  await using gateway = await GatewayProcess.start({ config })
  const waiting = [...streams.keys()]
  const worker = async () => {
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) await checkOne(gateway, at)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const { text: metrics } = await get(gateway, '/metrics')
  const counted = (direction: string) =>
    seriesOf(metrics, `atp_tokens_total{arm="up/model",direction="${direction}"}`)
  expect(counted('input')).toBe(sum(streams.map(({ input }) => input)))
  expect(counted('output')).toBe(sum(streams.map(({ output }) => output)))
  const complete = streams.filter(({ isComplete }) => isComplete).length
  expect(seriesOf(metrics, 'atp_attempts_total{arm="up/model",outcome="success"}')).toBe(complete)
  expect(seriesOf(metrics, 'atp_attempts_total{arm="up/model",outcome="cut"}')).toBe(STREAMS - complete)
})

async function checkOne({ url }: GatewayProcess, at: number): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'up/model',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: String(at) }],
    }),
  })
  const received = Buffer.from(await response.arrayBuffer())
  const { bytes, isComplete } = streams[at] as (typeof streams)[number]
  expect(received.subarray(0, bytes.length).toString('latin1')).toBe(bytes.toString('latin1'))
  const rest = received.subarray(bytes.length).toString()
  if (isComplete) expect(rest).toBe('')
  else expect(rest).toMatch(/^data: \{"error":.*"upstream_failed".*\}\n\n$/)
}

function streamOf(body: Record<string, unknown>): (typeof streams)[number] {
  const [message] = body.messages as [{ content: string }]
  return streams[Number(message.content)] as (typeof streams)[number]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
