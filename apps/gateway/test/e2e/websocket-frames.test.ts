/** What comes over a socket and is no request as it should be: an error that says why, and the socket stays; or a close that does. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AskClient } from '../support/ask-client.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { get } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const MAX_FRAME_BYTES = 20_000
const MAX_IN_FLIGHT = 4

let upstream: ScriptedUpstream
let gateway: GatewayProcess
/** Each lets one answer go. */
const held: (() => void)[] = []

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(async ({ body }, response) => {
    const [message] = body.messages as [{ content: string }]
    if (message.content === 'hold') await new Promise<void>(resolve => held.push(resolve))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 1, completion_tokens: 1 })))
  })
  gateway = await GatewayProcess.start({
    config: {
      ...configFor(upstream),
      websocket: { max_frame_bytes: MAX_FRAME_BYTES, max_in_flight: MAX_IN_FLIGHT },
    },
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const ask = { type: 'ask', id: 'x', prompt: 'Hello?' }
const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])

const BAD: Record<string, readonly [frame: unknown, code: string, field: string | null, id: string | null]> =
  {
    'malformed JSON': ['{"type": "ask"', 'malformed_json', null, null],
    nothing: ['', 'malformed_json', null, null],
    'a poisoned prototype': ['{"type":"ask","id":"x","__proto__":{"a":1}}', 'malformed_json', null, null],
    'a binary frame': [Buffer.from(JSON.stringify(ask)), 'invalid_request', 'frame', null],
    'a list': ['[]', 'invalid_request', 'frame', null],
    'a number': ['7', 'invalid_request', 'frame', null],
    'no type': [{ id: 'x' }, 'invalid_request', 'type', 'x'],
    'an unknown type': [{ ...ask, type: 'tell' }, 'invalid_request', 'type', 'x'],
    'no id': [{ type: 'ask', prompt: 'Hello?' }, 'invalid_request', 'id', null],
    'an id that is too long': [{ ...ask, id: 'i'.repeat(65) }, 'invalid_request', 'id', null],
    'an id that is a number': [{ ...ask, id: 7 }, 'invalid_request', 'id', null],
    'an unknown field': [{ ...ask, temperatur: 1 }, 'invalid_request', 'temperatur', 'x'],
    'a field of another type': [{ ...ask, max_cost_usd: '1' }, 'invalid_request', 'max_cost_usd', 'x'],
    'neither prompt nor messages': [{ type: 'ask', id: 'x' }, 'invalid_request', 'prompt', 'x'],
    'more than a cancel says': [{ type: 'cancel', id: 'x', why: 'so' }, 'invalid_request', 'why', 'x'],
    'too many levels': [
      { type: 'ask', id: 'x', messages: [{ role: 'user', content: nested(200) }] },
      'invalid_request',
      'messages',
      'x',
    ],
    'an unknown model': [{ ...ask, model: 'nobody/none' }, 'unknown_model', 'model', 'x'],
  }

async function release(answers: number): Promise<void> {
  await expect.poll(() => held.length).toBe(answers)
  for (const answer of held.splice(0)) answer()
}

describe('a frame with', () => {
  it.each(Object.entries(BAD))('%s gets an error that says so; the socket stays', async (_name, bad) => {
    const [frame, code, field, id] = bad
    await using client = await AskClient.connect(gateway)
    client.send(frame)
    const error = await client.next(({ type }) => type === 'error')
    expect(error).toMatchObject({ id, problem: { code, type: `urn:atp:error:${code}` } })
    const { problems = [] } = error.problem as { readonly problems?: readonly { readonly field: string }[] }
    if (field !== null) expect(problems.map(problem => problem.field)).toContain(field)
    expect(await client.ask('after')).toMatchObject({ type: 'answer', text: 'Hello.' })
  })

  it('the id of a request that is under way is refused, and that request goes on', async () => {
    await using client = await AskClient.connect(gateway)
    client.send({ ...ask, prompt: 'hold' })
    client.send(ask)
    const error = await client.next(({ type }) => type === 'error')
    expect(error).toMatchObject({ id: null, problem: { problems: [{ field: 'id', found: '"x"' }] } })
    await release(1)
    expect(await client.last('x')).toMatchObject({ type: 'answer' })
    expect(await client.ask('x again')).toMatchObject({ type: 'answer' })
  })

  it('one request too many is refused until another has ended', async () => {
    await using client = await AskClient.connect(gateway)
    for (let n = 0; n < MAX_IN_FLIGHT; n++) client.send({ ...ask, id: `held ${n}`, prompt: 'hold' })
    expect(await client.ask('too many')).toMatchObject({
      problem: { status: 429, code: 'rate_limit_exceeded', detail: expect.stringContaining('4 requests') },
    })
    await release(MAX_IN_FLIGHT)
    for (let n = 0; n < MAX_IN_FLIGHT; n++) await client.last(`held ${n}`)
    expect(await client.ask('now')).toMatchObject({ type: 'answer' })
  })

  it('more bytes than it may have closes the socket with 1009', async () => {
    await using client = await AskClient.connect(gateway)
    client.send({ ...ask, prompt: 'x'.repeat(MAX_FRAME_BYTES) })
    expect((await client.closed).code).toBe(1009)
  })
})

describe('whatever comes', () => {
  const LONG_ID = 'an id that no random frame has '
  const id = fc.oneof(fc.string({ maxLength: 70 }), fc.constantFrom('a', 'b', '__proto__'))
  const fields = fc.record(
    {
      type: fc.oneof(fc.constantFrom('ask', 'cancel', 'constructor'), fc.jsonValue()),
      id: fc.oneof(id, fc.jsonValue()),
      prompt: fc.oneof(fc.string(), fc.jsonValue()),
      messages: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      model: fc.oneof(fc.string(), fc.jsonValue()),
      stream: fc.oneof(fc.boolean(), fc.jsonValue()),
      quality: fc.jsonValue(),
      task: fc.string(),
    },
    { requiredKeys: [] },
  )
  const frame = fc.oneof(
    fields.map(value => JSON.stringify(value)),
    fc.json(),
    fc.string(),
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
    fc.constantFrom('{"type":"ask","id":"a","prompt":"Hi"}', '{"type":"cancel","id":"a"}'),
  )

  it('as frames, the socket answers what follows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async frames => {
        await using client = await AskClient.connect(gateway)
        for (const each of frames) client.send(each)
        let asked = 0
        const next = async () => (await client.ask(`${LONG_ID}${asked++}`)).type
        // Those before it may be as many as may be under way.
        await expect.poll(next, { interval: 1 }).toBe('answer')
      }),
      { numRuns: 60 },
    )
    expect(gateway.child.exitCode).toBeNull()
  })

  it('as bytes below the frames, the gateway serves on, and no socket is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isReset) => {
        const socket = await upgraded()
        socket.write(bytes)
        if (isReset) socket.resetAndDestroy()
        else socket.end()
        await new Promise(resolve => socket.on('close', resolve).resume())
      }),
      { numRuns: 60 },
    )
    await using client = await AskClient.connect(gateway)
    expect(await client.ask('after')).toMatchObject({ type: 'answer' })
    const open = async () => /^atp_websockets_open .*$/m.exec((await get(gateway, '/metrics')).text)?.[0]
    await expect.poll(open).toBe('atp_websockets_open 1')
  })
})

/** A connection that has become a WebSocket, in the hands of somebody who knows nothing of WebSockets. */
async function upgraded(): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const headers = 'host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13'
  socket.write(`GET /v1/ws HTTP/1.1\r\n${headers}\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)
  await once(socket, 'data')
  return socket
}
