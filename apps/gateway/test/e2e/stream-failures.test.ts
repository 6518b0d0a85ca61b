/** What befalls a stream before its first content nobody sees; what befalls it afterwards is said, and paid for as it was delivered. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AskClient } from '../support/ask-client.ts'
import type { Script } from '../support/scripted-upstream.ts'
import { DONE, FINISH, ROLE, text, usage } from '../support/stream-chunks.ts'
import { begun, GOOD, TwoUpstreams } from '../support/two-upstreams.ts'

const says =
  (...pieces: string[]): Script =>
  (_request, response) =>
    void begun(response).write(pieces.join(''))

const saysAndBreaks =
  (...pieces: string[]): Script =>
  (_request, response) =>
    void begun(response).write(pieces.join(''), () => response.destroy())

const BUSY = 'data: {"error":{"message":"busy"}}\n\n'
const PINGS = /^(?:: ping\n\n)+/
const LIMITS = { first_token_timeout: '1s', idle_timeout: '1s', total_timeout: '3s' }

function codeIn(stream: string, wire: string): unknown {
  const last = stream.split('\n\n').at(-2)?.replace('event: error\n', '') ?? ''
  const said = JSON.parse(last.slice('data: '.length))
  return wire === '/v1/ask' ? said.code : said.error.code
}

describe('a stream', () => {
  let setup: TwoUpstreams
  beforeAll(async () => {
    setup = await TwoUpstreams.start({ upstream: { first_token_timeout: '1s' } }, [
      'early',
      'cut',
      'ended',
      'summed',
      'left',
    ])
  })
  afterAll(() => setup[Symbol.asyncDispose]())

  it.each([
    ['an error', says(`: hello\n\n${ROLE}${BUSY}`)],
    ['a broken connection', saysAndBreaks(ROLE)],
    ['its end', (_request, response) => void begun(response).end(ROLE)],
    ['silence', says(ROLE)],
  ] satisfies [string, Script][])('that has said its role and then %s is not seen', async (_name, script) => {
    setup.first = script
    const response = await setup.ask('early')
    expect(await response.text()).toBe(GOOD)
    expect(response.headers.get('x-atp-model')).toBe('good/model')
    expect(response.headers.get('x-atp-attempts')).toBe('2')
  })

  it.each([
    ['breaks off', 'cut', saysAndBreaks(text('Hello'), text(', world!'))],
    [
      'ends without saying so',
      'ended',
      (_request, response) => void begun(response).end(text('Hello') + text(', world!')),
    ],
  ] satisfies [string, string, Script][])(
    'that %s after its first content ends with an error, and costs what was delivered',
    (_name, model, script) => endsWithError(setup, model, script, 'upstream_failed', 'cut'),
  )

  it('that breaks off after reports of usage costs by the last of them', async () => {
    const sofar = (completion_tokens: number) => ({ usage: { prompt_tokens: 3, completion_tokens } })
    setup.first = saysAndBreaks(text('Hello', sofar(5)), text('!', sofar(7)))
    await (await setup.ask('summed')).text()
    expect(await setup.figures('summed')).toMatchObject({ outcomes: ['cut'], output: 7, costUsd: 17e-6 })
  })

  it('whose client leaves is cancelled, and costs what was delivered', async () => {
    const hungUp = Promise.withResolvers<void>()
    setup.first = (request, response) => {
      void request.hungUp.then(hungUp.resolve)
      begun(response).write(text('Hello, world!'))
    }
    await leaveAfterFirst(setup, 'left')
    await hungUp.promise
    const figures = () => setup.figures('left')
    await expect.poll(figures).toMatchObject({ outcomes: ['cancelled'], output: 4, abandoned: 1 })
  })
})

describe('a stream whose first content is late', () => {
  let setup: TwoUpstreams
  beforeAll(async () => {
    const streams = { hold_max: '50ms', ping_interval: '50ms' }
    setup = await TwoUpstreams.start({ upstream: LIMITS, streams }, ['late', 'idle', 'total'])
  })
  afterAll(() => setup[Symbol.asyncDispose]())

  it('has pings, which prolong no time limit, and then that of another model', async () => {
    setup.first = says(ROLE)
    const response = await setup.ask('late')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('x-atp-decision-id')).toMatch(/./)
    expect(response.headers.get('x-atp-model')).toBeNull()
    const stream = await response.text()
    expect(stream).toMatch(PINGS)
    expect(stream.replace(PINGS, '')).toBe(`: x-atp-model: good/model\n: x-atp-attempts: 2\n\n${GOOD}`)
  })

  it.each(['/v1/chat/completions', '/v1/ask'])('has an error where none answers: %s', async path => {
    setup.first = says(ROLE)
    const response = await setup.pinned('late', path)
    expect(response.status).toBe(200)
    const stream = await response.text()
    expect(stream).toMatch(PINGS)
    expect(codeIn(stream, path)).toBe('upstream_timeout')
    expect(stream.replace(PINGS, '').split('\n\n')).toHaveLength(2)
  })

  it("is read by OpenAI's client as if it had been in time, and its failure as one", async () => {
    const client = new OpenAI({ baseURL: `${setup.gateway.url}/v1`, apiKey: 'none', maxRetries: 0 })
    const read = async (model: string, atp: object) => {
      const messages = [{ role: 'user' as const, content: 'hi' }]
      const stream = await client.chat.completions.create({ model, messages, stream: true, ...atp })
      let said = ''
      for await (const { choices } of stream) said += choices[0]?.delta.content ?? ''
      return said
    }
    setup.first = says(ROLE)
    expect(await read('auto', { atp: { allow: ['first/late', 'good/model'] } })).toBe('good')
    await expect(read('first/late', {})).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it.each([
    ['falls silent', 'idle', says(text('Hello'), text(', world!'))],
    [
      'goes on and on',
      'total',
      (_request, response) => {
        begun(response).write(text('Hello') + text(', world!'))
        const more = setInterval(() => response.write(text('')), 100)
        response.once('close', () => clearInterval(more))
      },
    ],
  ] satisfies [string, string, Script][])(
    'that %s once it is there ends with an error',
    (_name, model, script) => endsWithError(setup, model, script, 'upstream_timeout', 'timeout'),
  )
})

describe('a stream that is drained where its client leaves', () => {
  const DRAIN = { streams: { client_gone: 'drain-and-bill' } }
  const MODELS = ['drained', 'broken', 'early', 'socket', 'unwanted']
  let setup: TwoUpstreams
  beforeAll(async () => {
    setup = await TwoUpstreams.start(DRAIN, MODELS)
  })
  afterAll(() => setup[Symbol.asyncDispose]())

  it('costs what its upstream reports at its end', async () => {
    const rest = Promise.withResolvers<void>()
    setup.first = async (_request, response) => {
      begun(response).write(text('Hello'))
      await rest.promise
      response.write(text(', world!'))
      response.end(FINISH + usage(3, 50) + DONE)
    }
    await leaveAfterFirst(setup, 'drained')
    rest.resolve()
    const figures = () => setup.figures('drained')
    await expect.poll(figures).toEqual({ outcomes: ['success'], output: 50, costUsd: 103e-6, abandoned: 1 })
  })

  it('costs what it has come to where it breaks off', async () => {
    const rest = Promise.withResolvers<void>()
    setup.first = async (_request, response) => {
      begun(response).write(text('Hello'))
      await rest.promise
      response.write(text(', world!'), () => response.destroy())
    }
    await leaveAfterFirst(setup, 'broken')
    rest.resolve()
    await expect.poll(() => setup.figures('broken')).toMatchObject({ outcomes: ['cut'], output: 4 })
  })

  it('is cancelled where it has said nothing yet', async () => {
    const abort = new AbortController()
    const asked = Promise.withResolvers<void>()
    const hungUp = Promise.withResolvers<void>()
    setup.first = (request, response) => {
      void request.hungUp.then(hungUp.resolve)
      begun(response).write(ROLE)
      asked.resolve()
    }
    const response = setup.pinned('early', '/v1/chat/completions', abort.signal).catch(() => undefined)
    await asked.promise
    abort.abort()
    await Promise.all([hungUp.promise, response])
    await expect
      .poll(() => setup.figures('early'))
      .toMatchObject({ outcomes: ['cancelled'], costUsd: undefined })
  })

  it('is so over a socket that closes, but not where its client cancels it', async () => {
    await using client = await AskClient.connect(setup.gateway)
    const hungUp = Promise.withResolvers<void>()
    setup.first = (request, response) => {
      void request.hungUp.then(hungUp.resolve)
      begun(response).write(text('Hello'))
    }
    client.send({ type: 'ask', id: 'a', prompt: 'hi', stream: true, allow: ['first/unwanted'] })
    await client.next(({ type }) => type === 'text')
    client.send({ type: 'cancel', id: 'a' })
    expect((await client.last('a')).problem?.code).toBe('client_closed_request')
    await hungUp.promise
    expect(await setup.figures('unwanted')).toMatchObject({ outcomes: ['cancelled'], output: 1 })

    const closed = Promise.withResolvers<void>()
    setup.first = async (_request, response) => {
      begun(response).write(text('Hello'))
      await closed.promise
      response.end(FINISH + usage(3, 50) + DONE)
    }
    client.send({ type: 'ask', id: 'b', prompt: 'hi', stream: true, allow: ['first/socket'] })
    await client.next(({ type, id }) => type === 'text' && id === 'b')
    client.socket.terminate()
    await client.closed
    await expect.poll(() => setup.streams()).toBe(0)
    closed.resolve()
    await expect.poll(() => setup.figures('socket')).toMatchObject({ outcomes: ['success'], output: 50 })
  })

  it('is waited for by a stop, and ended by it', async () => {
    await using stopped = await TwoUpstreams.start(
      { ...DRAIN, shutdown: { total: '100s', streams: '500ms', tasks: '500ms' } },
      ['endless'],
    )
    const hungUp = Promise.withResolvers<void>()
    stopped.first = (request, response) => {
      void request.hungUp.then(hungUp.resolve)
      begun(response).write(text('Hello'))
    }
    await leaveAfterFirst(stopped, 'endless')
    const ended = stopped.gateway.end('SIGTERM')
    await hungUp.promise
    await ended
    expect(stopped.gateway.output).toMatch(/"phase":"tasks","name":"the rest of stream [^"]+","fate":"ended"/)
    expect(stopped.gateway.output).not.toContain('"fate":"cut"')
  })
})

async function endsWithError(
  setup: TwoUpstreams,
  model: string,
  script: Script,
  code: string,
  outcome: string,
): Promise<void> {
  setup.first = script
  const stream = await (await setup.ask(model)).text()
  expect(stream).toContain(text('Hello') + text(', world!'))
  expect(stream).not.toContain('[DONE]')
  expect(codeIn(stream, '/v1/chat/completions')).toBe(code)
  const { costUsd, ...figures } = await setup.figures(model)
  expect(figures).toEqual({ outcomes: [outcome], output: 4, abandoned: undefined })
  // What the prompt is estimated at is on top.
  expect(costUsd).toBeGreaterThan(8e-6)
}

/** Resolves when the gateway knows that the client is gone. */
async function leaveAfterFirst(setup: TwoUpstreams, model: string): Promise<void> {
  const abort = new AbortController()
  const response = await setup.pinned(model, '/v1/chat/completions', abort.signal)
  expect(response.status).toBe(200)
  await (response.body as ReadableStream<Uint8Array>).getReader().read()
  abort.abort()
  await expect.poll(() => setup.streams()).toBe(0)
}
