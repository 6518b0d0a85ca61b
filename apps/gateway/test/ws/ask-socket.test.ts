/** A socket with a real client, and a corridor that answers as the test says. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@atp/core/clock'
import { OpenWork } from '@atp/core/shutdown'
import { createMetrics } from '@atp/infrastructure/telemetry'
import Fastify, { type FastifyBaseLogger, type FastifyRequest } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClientOptions, WebSocketServer } from 'ws'
import { AskSocket, type AskSocketOptions } from '../../src/http/ws/ask-socket.ts'
import { FrameReader } from '../../src/http/ws/frame-reader.ts'
import type { AskFrame, ServerFrame } from '../../src/http/ws/frames.ts'
import { AskClient } from '../support/ask-client.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

const LIMITS = { idleTimeoutMs: 60_000, maxFrameBytes: 1_000_000, maxInFlight: 8, bufferBytes: 100_000 }

interface Setup {
  readonly client: AskClient
  readonly work: OpenWork
  readonly server: WebSocketServer
  readonly metrics: ReturnType<typeof createMetrics>
}

async function connected(
  ask: AskSocketOptions['ask'],
  options: Partial<Pick<AskSocketOptions, 'patienceMs'>> & {
    readonly limits?: object
    readonly client?: ClientOptions
  } = {},
): Promise<Setup> {
  const work = new OpenWork()
  const metrics = createMetrics()
  const compiler = Fastify()
  let compile: FastifyRequest['compileValidationSchema'] | null = null
  compiler.get('/', async request => {
    compile = schema => request.compileValidationSchema(schema)
  })
  await compiler.inject('/')
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/v1/ws' })
  server.on('connection', socket => {
    const asking = new AskSocket(socket, {
      patienceMs: options.patienceMs ?? 60_000,
      limits: { ...LIMITS, ...options.limits },
      reader: new FrameReader(JSON.parse, { compileValidationSchema: compile } as never),
      ask,
      metrics,
      clock: systemClock,
      log: { error: () => undefined } as unknown as FastifyBaseLogger,
    })
    asking.onSettled(work.track('a socket', asking))
  })
  await once(server, 'listening')
  opened.push({
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate()
      await new Promise(resolve => server.close(resolve))
    },
  })
  const { port } = server.address() as AddressInfo
  const client = await AskClient.connect({ url: `http://127.0.0.1:${port}` }, options.client)
  opened.push(client)
  return { client, work, server, metrics }
}

/** Streams until it is aborted, then settles when the test says so. */
function endless() {
  const state = { settle: (): void => undefined, aborted: 0, reason: undefined as unknown }
  const settled = new Promise<void>(resolve => {
    state.settle = resolve
  })
  const ask = async function* (
    { id }: AskFrame,
    signal: AbortSignal,
  ): AsyncGenerator<ServerFrame, void, void> {
    yield { type: 'decision', id }
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    state.aborted += 1
    state.reason = signal.reason
    await settled
  }
  return { ask, state }
}

describe('a socket that is told to stop', () => {
  it('takes nothing new, lets what is under way finish, and closes with 1001', async () => {
    let finish = (): void => undefined
    const { client, work } = await connected(async function* ({ id }) {
      yield { type: 'decision', id }
      await new Promise<void>(resolve => {
        finish = resolve
      })
      yield { type: 'done', id }
    })
    client.send({ type: 'ask', id: 'early', prompt: 'Hi?' })
    await client.next(({ type }) => type === 'decision')
    work.drain()
    const late = await client.ask('late')
    expect(late).toMatchObject({ type: 'error', problem: { status: 503, code: 'shutting_down' } })
    expect(work.size).toBe(1)
    finish()
    expect(await client.last('early')).toEqual({ type: 'done', id: 'early' })
    expect(await client.closed).toEqual({ code: 1001, reason: 'the gateway is shutting down' })
    await work.idle()
  })

  it('with nothing under way closes at once', async () => {
    const { client, work } = await connected(endless().ask)
    work.drain()
    expect((await client.closed).code).toBe(1001)
    await work.idle()
  })

  it('that is late says so of each request, closes with 1001, and is done when all is settled', async () => {
    const { ask, state } = endless()
    const { client, work } = await connected(ask)
    for (const id of ['a', 'b']) client.send({ type: 'ask', id, prompt: 'Hi?' })
    await client.next(({ type, id }) => type === 'decision' && id === 'b')
    const reason = `it is late: ${'é'.repeat(200)}`
    expect(work.end(reason)).toEqual(['a socket'])
    expect((await client.closed).code).toBe(1001)
    for (const id of ['a', 'b']) {
      expect(client.frames).toContainEqual({
        type: 'error',
        id,
        problem: expect.objectContaining({ code: 'shutting_down', detail: reason }),
      })
    }
    expect(state).toMatchObject({ aborted: 2, reason: { code: 'shutting_down' } })
    expect(work.size).toBe(1)
    state.settle()
    await work.idle()
  })

  it('that is too late is cut, and what it asked for is given up', async () => {
    const { ask, state } = endless()
    const { client, work } = await connected(ask)
    client.send({ type: 'ask', id: 'a', prompt: 'Hi?' })
    await client.next(({ type }) => type === 'decision')
    work.cut()
    expect((await client.closed).code).toBe(1006)
    await expect.poll(() => state.aborted).toBe(1)
    state.settle()
  })
})

const KIB = 'x'.repeat(1_024)

describe('a client that does not read', () => {
  /** Writes as fast as it may; counts. */
  function torrent(kib: number) {
    const state = { written: 0, ended: 0 }
    const ask = async function* ({ id }: AskFrame): AsyncGenerator<ServerFrame, void, void> {
      try {
        for (let n = 0; n < kib; n++) {
          state.written += 1
          yield { type: 'text', id, text: KIB }
        }
        yield { type: 'done', id }
      } finally {
        state.ended += 1
      }
    }
    return { ask, state }
  }

  it('slows its answers down, and gets all of them when it reads again', async () => {
    const kib = 20_000
    const { ask, state } = torrent(kib)
    const { client } = await connected(ask)
    client.send({ type: 'ask', id: 'a', prompt: 'Hi?' })
    await client.next(({ type }) => type === 'text')
    client.socket.pause()
    await standsStill(() => state.written)
    // What the system itself holds for a socket comes on top of the bound.
    expect(state.written).toBeLessThan(kib / 2)
    client.socket.resume()
    await client.last('a')
    expect(client.text('a')).toHaveLength(kib * 1_024)
  })

  it('for too long is closed with 1013, and its answers are given up', async () => {
    const { ask, state } = torrent(1_000_000)
    const { client, work, metrics } = await connected(ask, { patienceMs: 200 })
    for (const id of ['a', 'b', 'c']) client.send({ type: 'ask', id, prompt: 'Hi?' })
    await client.next(({ type, id }) => type === 'text' && id === 'c')
    client.socket.pause()
    await expect.poll(() => state.ended).toBe(3)
    client.socket.resume()
    expect(await client.closed).toEqual({ code: 1013, reason: 'too much was left unread' })
    await work.idle()
    const text = await metrics.render()
    expect(text).toContain('atp_websockets_open 0')
    expect(text).toContain('atp_websocket_closes_total{code="1013"} 1')
  })

  it('not even its refusals is closed with 1013 at once', async () => {
    const { client, server } = await connected(endless().ask)
    const [peer] = server.clients
    client.socket.pause()
    while (peer?.readyState === client.socket.OPEN) {
      for (let n = 0; n < 500; n++) client.send('{')
      await new Promise(resolve => setImmediate(resolve))
    }
    client.socket.resume()
    expect((await client.closed).code).toBe(1013)
  })
})

/** Resolves when a figure has not changed for a while. */
async function standsStill(figure: () => number): Promise<void> {
  for (let before = -1; before !== figure(); ) {
    before = figure()
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

describe('a client that says nothing', () => {
  it('and answers no ping is cut off', async () => {
    const { client, work } = await connected(endless().ask, {
      limits: { idleTimeoutMs: 100 },
      client: { autoPong: false },
    })
    expect((await client.closed).code).toBe(1006)
    await work.idle()
  })

  it('but answers pings stays', async () => {
    const { client } = await connected(
      async function* ({ id }) {
        yield { type: 'done', id }
      },
      { limits: { idleTimeoutMs: 400 } },
    )
    for (let pings = 0; pings < 4; pings++) await once(client.socket, 'ping')
    expect(await client.ask('a')).toEqual({ type: 'done', id: 'a' })
  })
})
