import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'

const opened: AsyncDisposable[] = []
/** One gateway for all of them: what its upstream does, each test says. */
let script: Script
let upstream: ScriptedUpstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await ScriptedUpstream.start((request, response) => script(request, response))
  gateway = await GatewayProcess.start({ config: configFor(upstream) })
})

beforeEach(() => {
  upstream.requests.length = 0
})

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

function ask(extra: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'auto',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
      ...extra,
    }),
    ...(signal === undefined ? {} : { signal }),
  })
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

function chunk(content: string, extra: object = {}): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...extra })}`
}

const LAST = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}`
const USAGE = `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 } })}`
const DONE = 'data: [DONE]'

/** Sends the bytes in pieces of the given size, each in a packet of its own. */
function inPieces(bytes: Buffer, size: number): Script {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let at = 0; at < bytes.length; at += size) {
      response.write(bytes.subarray(at, at + size))
      await new Promise(resolve => setImmediate(resolve))
    }
    response.end()
  }
}

describe('a streamed answer', () => {
  it('reaches the client before the upstream has ended', async () => {
    let finish = (): void => {}
    script = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`${chunk('first')}\n\n`)
      await new Promise<void>(resolve => {
        finish = resolve
      })
      response.end(`${LAST}\n\n${DONE}\n\n`)
    }
    const response = await ask()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe(`${chunk('first')}\n\n`)
    finish()
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += Buffer.from(next.value)
    expect(rest).toBe(`${LAST}\n\n${DONE}\n\n`)
  })

  const WIRES: Record<string, string> = {
    'split UTF-8': `${chunk('Zażółć gęślą jaźń 🦊漢字')}\n\n${LAST}\n\n${DONE}\n\n`,
    'CRLF line ends': `${chunk('a')}\r\n\r\n${chunk('b')}\r\n\r\n${LAST}\r\n\r\n${DONE}\r\n\r\n`,
    comments: `: hello\n\n${chunk('a')}\n\n: ping\n\n${chunk('b')}\n\n: ping\n${LAST}\n\n${DONE}\n\n`,
    'a missing final newline': `${chunk('a')}\n\n${LAST}\n\n${DONE}`,
    'ids, event names, fields without a space': `id: 7\nevent: message\ndata:${chunk('a').slice(6)}\n\n${LAST}\n\n${DONE}\n\n`,
    'a garbled line midway': `${chunk('a')}\n\ndata: {"choices": [{"del\n\n${LAST}\n\n${DONE}\n\n`,
    'usage null on each chunk': `${chunk('a', { usage: null })}\n\n${LAST}\n\n${DONE}\n\n`,
  }

  it.each(Object.entries(WIRES))('passes byte for byte: %s', async (_name, wire) => {
    const bytes = Buffer.from(wire)
    for (const size of [1, 7, bytes.length]) {
      script = inPieces(bytes, size)
      expect((await bytesOf(await ask())).toString()).toBe(wire)
    }
  })

  it('hides the usage chunk that only the gateway asked for, and counts by it', async () => {
    script = inPieces(Buffer.from(`${chunk('a')}\n\n${LAST}\n\n${USAGE}\n\n${DONE}\n\n`), 16)
    const response = await ask()
    expect((await bytesOf(response)).toString()).toBe(`${chunk('a')}\n\n${LAST}\n\n${DONE}\n\n`)
    expect(upstream.requests[0]?.body.stream_options).toEqual({ include_usage: true })
  })

  it('shows the usage chunk to a client that asked for it', async () => {
    const wire = `${chunk('a')}\n\n${LAST}\n\n${USAGE}\n\n${DONE}\n\n`
    script = inPieces(Buffer.from(wire), 16)
    const response = await ask({ stream_options: { include_usage: true } })
    expect((await bytesOf(response)).toString()).toBe(wire)
  })

  it('is one of 200 at once, each byte-identical to what its upstream sent', async () => {
    const wireOf = (key: string): string => {
      const words = Array.from({ length: 20 }, (_, index) => `${chunk(`${key} wörd ${index} 🦊`)}\n\n`)
      return `${words.join('')}${LAST}\n\n${DONE}\n\n`
    }
    script = async ({ body }, response) => {
      const [message] = body.messages as [{ content: string }]
      const bytes = Buffer.from(wireOf(message.content))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const size = 13 + (Number(message.content) % 50)
      for (let at = 0; at < bytes.length; at += size) {
        response.write(bytes.subarray(at, at + size))
        await new Promise(resolve => setImmediate(resolve))
      }
      response.end()
    }
    const keys = Array.from({ length: 200 }, (_, index) => String(index))
    const answers = await Promise.all(
      keys.map(async key =>
        (await bytesOf(await ask({ messages: [{ role: 'user', content: key }] }))).toString(),
      ),
    )
    expect(answers).toEqual(keys.map(wireOf))
  })

  it('that its client leaves is cancelled at the upstream', async () => {
    let left = (): void => {}
    const gone = new Promise<void>(resolve => {
      left = resolve
    })
    script = async ({ hungUp }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`${chunk('first')}\n\n`)
      await hungUp
      left()
    }
    const abort = new AbortController()
    const response = await ask({}, abort.signal)
    await (response.body as ReadableStream<Uint8Array>).getReader().read()
    abort.abort()
    await gone
  })

  it('that breaks off ends with an error event, never with a second model', async () => {
    script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`${chunk('first')}\n\n`)
      setImmediate(() => response.destroy())
    }
    const text = (await bytesOf(await ask())).toString()
    expect(text.startsWith(`${chunk('first')}\n\n`)).toBe(true)
    const [, last] = text.split('\n\n')
    expect(JSON.parse((last as string).slice('data: '.length))).toMatchObject({
      error: { code: 'upstream_failed' },
    })
    expect(text).not.toContain('[DONE]')
    expect(upstream.requests).toHaveLength(1)
    // Those whose clients left are told of too, less gravely.
    const told = () =>
      gateway.output.split('\n').find(line => /"level":"warn".*broke after its head/.test(line))
    await vi.waitFor(() => expect(told()).toBeDefined(), 10_000)
    expect(JSON.parse(told() as string)).toMatchObject({
      level: 'warn',
      code: 'upstream_failed',
      arm: 'up/model',
      decision_id: expect.stringMatching(/./),
    })
  })

  it('that its client leaves unread is cancelled, and its connection closed', async () => {
    const piece = `${chunk('x'.repeat(100_000))}\n\n`
    const flood = await ScriptedUpstream.start(async ({ hungUp }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let left = false
      void hungUp.then(() => {
        left = true
      })
      while (!left) {
        response.write(piece)
        await new Promise(resolve => setTimeout(resolve, 1))
      }
    })
    opened.push(flood)
    const config = { ...configFor(flood), server: { write_timeout: '300ms' } }
    const impatient = await GatewayProcess.start({ config })
    opened.push(impatient)
    const { hostname, port } = new URL(impatient.url)
    const socket = connect(Number(port), hostname)
    const body = JSON.stringify({ prompt: 'hi', stream: true })
    socket.write(
      `POST /v1/ask HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    socket.pause()
    await vi.waitFor(() => expect(flood.requests).toHaveLength(1), 10_000)
    await flood.requests[0]?.hungUp
    const streams = async () => (await fetch(`${impatient.url}/metrics`)).text()
    await expect.poll(streams, { timeout: 10_000 }).toMatch(/^atp_streams_in_flight 0$/m)
    socket.destroy()
  })
})

describe('a whole answer that its client leaves', () => {
  it('is cancelled at the upstream before it is there', async () => {
    let asked = (): void => {}
    let left = (): void => {}
    const arrived = new Promise<void>(resolve => {
      asked = resolve
    })
    const gone = new Promise<void>(resolve => {
      left = resolve
    })
    script = async ({ hungUp }) => {
      asked()
      await hungUp
      left()
    }
    const abort = new AbortController()
    const answer = ask({ stream: false }, abort.signal).catch(() => {})
    await arrived
    abort.abort()
    await gone
    await answer
  })
})
