/** Guardrails at the door, as clients and upstreams meet them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const EMAIL = 'jane.roe@example.com'
const CARD = '4111 1111 1111 1111'
const USAGE = { prompt_tokens: 5, completion_tokens: 7 }

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

/** Answers with a card, streamed in parts that cut it. */
function startUpstream(): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(({ body }, response) => {
    if (body.stream !== true) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(completionOf(`your card is ${CARD}.`, USAGE)))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const part of ['your card ', 'is 4111 11', '11 1111 ', '1111.'])
      response.write(event({ content: part }))
    response.end(`${event({}, 'stop')}data: [DONE]\n\n`)
  })
}

interface Setup extends AsyncDisposable {
  readonly upstream: ScriptedUpstream
  readonly gateway: GatewayProcess
  readonly dataDir: string
  post(path: string, body: object): Promise<Response>
  series(labels: string): Promise<string | undefined>
}

async function start(guardrails: object): Promise<Setup> {
  const upstream = await startUpstream()
  const dataDir = mkdtempSync(join(tmpdir(), 'atp-guardrails-'))
  const gateway = await GatewayProcess.start({
    config: { ...configFor(upstream), guardrails, log: { level: 'trace', requests: true } },
    dataDir,
  })
  return {
    upstream,
    gateway,
    dataDir,
    post: (path, body) =>
      fetch(gateway.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async series(labels) {
      const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
      return metrics.split('\n').find(line => line.startsWith(`atp_guardrail_findings_total{${labels}}`))
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

const chat = (content: string, more: object = {}) => ({
  model: 'auto',
  messages: [
    { role: 'system', content: 'be kind' },
    { role: 'user', content },
  ],
  ...more,
})

describe('personal data that is masked', () => {
  let setup: Setup

  beforeAll(async () => {
    setup = await start({ pii: { input: 'mask', output: 'mask' } })
  })

  afterAll(() => setup[Symbol.asyncDispose]())

  it('reaches no upstream, and the client is told how much it was', async () => {
    const response = await setup.post('/v1/chat/completions', chat(`I am ${EMAIL}, card ${CARD}`))
    expect(response.status).toBe(200)
    expect(response.headers.get('x-atp-guardrails')).toBe('pii=3')
    expect(await response.text()).toContain('your card is [CARD].')
    expect(setup.upstream.requests.at(-1)?.body.messages).toEqual(chat('I am [EMAIL], card [CARD]').messages)
  })

  it('is masked in a stream that cuts it', async () => {
    const streamed = await setup.post('/v1/chat/completions', chat(EMAIL, { stream: true }))
    expect(streamed.headers.get('x-atp-guardrails')).toBe('pii=1')
    const text = (await streamed.text())
      .split('\n\n')
      .filter(line => line.startsWith('data: {'))
      .map(line => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? '')
      .join('')
    expect(text).toBe('your card is [CARD].')
  })

  it('is masked for ask as well, whole and streamed', async () => {
    const whole = await setup.post('/v1/ask', { prompt: EMAIL })
    expect(whole.headers.get('x-atp-guardrails')).toBe('pii=2')
    expect(await whole.json()).toMatchObject({ text: 'your card is [CARD].' })
    const streamed = await (await setup.post('/v1/ask', { prompt: EMAIL, stream: true })).text()
    expect(streamed).toContain('[CARD]')
    expect(streamed).not.toContain('1111')
    expect(JSON.stringify(setup.upstream.requests.at(-1)?.body)).not.toContain(EMAIL)
  })

  it("is masked on Anthropic's wire as well", async () => {
    const body = {
      model: 'auto',
      max_tokens: 10,
      system: EMAIL,
      messages: [{ role: 'user', content: EMAIL }],
    }
    const answer = await (await setup.post('/v1/messages', body)).text()
    expect(answer).toContain('your card is [CARD].')
    expect(JSON.stringify(setup.upstream.requests.at(-1)?.body)).not.toContain(EMAIL)
  })

  it('is in no metric, log, journal or database, but for kinds and numbers', async () => {
    expect(await setup.series('guardrail="pii",kind="email",direction="input",action="mask"')).toBeDefined()
    const metrics = await (await fetch(`${setup.gateway.url}/metrics`)).text()
    await setup.gateway.end()
    const files = readdirSync(setup.dataDir, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    expect(files.length).toBeGreaterThan(0)
    for (const place of [metrics, setup.gateway.output, ...files]) {
      expect(place).not.toContain(EMAIL)
      expect(place).not.toContain('1111')
    }
  })
})

describe('what is blocked', () => {
  let setup: Setup

  beforeAll(async () => {
    setup = await start({
      prompt_size: { input: 'block', max_messages: 3 },
      patterns: { input: 'block', rules: [{ name: 'falcon', pattern: '(?i)project\\s+falcon' }] },
      pii: { output: 'block' },
    })
  })

  afterAll(() => setup[Symbol.asyncDispose]())

  it('is refused by name and place before anybody is called', async () => {
    const response = await setup.post('/v1/chat/completions', chat('what of Project  Falcon?'))
    expect(response.status).toBe(400)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({
      error: {
        code: 'guardrail_blocked',
        param: 'messages[1].content',
        guardrail: 'patterns',
        kind: 'falcon',
      },
    })
    expect(text).not.toContain('Falcon')
    const many = chat('a')
    const large = await setup.post('/v1/ask', { messages: [...many.messages, ...many.messages] })
    expect(large.status).toBe(400)
    expect(await large.json()).toMatchObject({ code: 'guardrail_blocked', kind: 'messages' })
    expect((await setup.post('/v1/plan', { prompt: 'project falcon' })).status).toBe(400)
    expect(setup.upstream.requests).toHaveLength(0)
  })

  it('ends a stream with an error, with what was fine delivered', async () => {
    const text = await (await setup.post('/v1/chat/completions', chat('hello', { stream: true }))).text()
    expect(text).toContain('your card')
    expect(text).toContain('"code":"answer_blocked"')
    expect(text).not.toContain('1111')
  })

  it('is a 422 as a whole answer, and what it cost is recorded', async () => {
    const response = await setup.post('/v1/ask', { prompt: 'hello' })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'answer_blocked', guardrail: 'pii', kind: 'card' })
    const metrics = await (await fetch(`${setup.gateway.url}/metrics`)).text()
    expect(metrics).toMatch(/atp_output_tokens_total\{[^}]*\} [1-9]|atp_tokens_total\{[^}]*\} [1-9]/)
  })
})

it('a report changes nothing but what is counted', async () => {
  await using setup = await start({ pii: { input: 'report', output: 'report' } })
  const response = await setup.post('/v1/chat/completions', chat(EMAIL))
  expect(response.headers.get('x-atp-guardrails')).toBeNull()
  expect(await response.json()).toEqual(completionOf(`your card is ${CARD}.`, USAGE))
  expect(setup.upstream.requests.at(-1)?.body.messages).toEqual(chat(EMAIL).messages)
  expect(await setup.series('guardrail="pii",kind="email",direction="input",action="report"')).toMatch(/ 1$/)
})

it('a pattern that is none stops the start, by name', async () => {
  const upstream = { url: 'http://127.0.0.1:9/v1' }
  const config = {
    ...configFor(upstream),
    guardrails: { patterns: { input: 'block', rules: [{ name: 'back', pattern: '(a)\\1' }] } },
  }
  await expect(GatewayProcess.start({ config })).rejects.toThrow('guardrails.patterns.rules[0].pattern')
})
