/** What answers say of themselves is learned at once, and a judgement takes its place: as a client sees it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'

/** So that figures are exact. */
const UNFORGETTING = { routing: { half_life: 'never' } }

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

async function gatewayBefore(
  script: Script,
  { dataDir, ...differs }: { readonly dataDir?: string; readonly observation?: object } = {},
): Promise<GatewayProcess> {
  const upstream = await ScriptedUpstream.start(script)
  opened.push(upstream)
  const gateway = await GatewayProcess.start({
    config: { ...configFor(upstream), ...UNFORGETTING, ...differs },
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  opened.push(gateway)
  return gateway
}

const USAGE = { prompt_tokens: 3, completion_tokens: 5 }
const MESSAGES = [{ role: 'user', content: 'hi' }]
const JSON_MODE = { response_format: { type: 'json_object' } }

/** A whole answer that differs in its choice. */
function answering(text: string, choice: object = {}, message: object = {}): Script {
  const completion = completionOf(text, USAGE)
  const [first] = completion.choices
  const choices = [{ ...first, message: { ...first?.message, ...message }, ...choice }]
  return (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...completion, choices }))
  }
}

/** A stream of these deltas, each an event. */
function streaming(deltas: readonly object[], finish: string | null): Script {
  return (_request, response) => {
    response.setHeader('content-type', 'text/event-stream')
    for (const delta of deltas) response.write(event({ choices: [{ index: 0, delta, finish_reason: null }] }))
    if (finish === null) return
    response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }))
    response.end('data: [DONE]\n\n')
  }
}

function event(data: object): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...data })}\n\n`
}

async function reliability(gateway: GatewayProcess, model = 'model'): Promise<number> {
  const { body } = await post<{ candidates: { estimate: { reliability: number } }[] }>(gateway, '/v1/plan', {
    prompt: 'hi',
    allow: [model],
  })
  return body.candidates[0]?.estimate.reliability as number
}

/** What one answer of this worth leaves, next to the twenty sound ones that a new model is taken to have given. */
const after = (worth: number): number => (20 + worth) / 21

interface Case {
  readonly text: string
  readonly finish: string
  readonly delta?: object
  readonly asked?: object
  readonly worth: number
}

/** Each is a model that answers so. */
const CASES: Readonly<Record<string, Case>> = {
  sound: { text: 'hello', finish: 'stop', worth: 1 },
  refused: { text: '', finish: 'stop', delta: { refusal: 'I will not' }, worth: 0.3 },
  filtered: { text: 'hel', finish: 'content_filter', worth: 0.3 },
  truncated: { text: 'hello', finish: 'length', worth: 0.7 },
  'broken-json': { text: '{"a": ', finish: 'stop', asked: JSON_MODE, worth: 0.1 },
  json: { text: '{"a": 1}', finish: 'stop', asked: JSON_MODE, worth: 1 },
  'broken-json-unasked': { text: '{"a": ', finish: 'stop', worth: 1 },
  'tool-call': { text: '', finish: 'tool_calls', asked: JSON_MODE, worth: 1 },
}

describe.each([false, true])('an answer, streamed: %s,', stream => {
  let gateway: GatewayProcess
  const resources: AsyncDisposable[] = []

  beforeAll(async () => {
    const upstream = await ScriptedUpstream.start((request, response) => {
      const { text, finish, delta = {} } = CASES[request.body.model as string] as Case
      const answer = stream
        ? streaming([{ content: text.slice(0, 2) }, { content: text.slice(2), ...delta }], finish)
        : answering(text, { finish_reason: finish }, delta)
      return answer(request, response)
    })
    gateway = await GatewayProcess.start({
      config: { ...configFor(upstream, Object.keys(CASES)), ...UNFORGETTING },
    })
    resources.push(upstream, gateway)
  })

  afterAll(async () => {
    for (const resource of resources.reverse()) await resource[Symbol.asyncDispose]()
  })

  it.each(Object.entries(CASES))('%s, is learned from at once', async (model, { asked, worth }) => {
    const { status } = await post(gateway, '/v1/chat/completions', {
      model: 'auto',
      messages: MESSAGES,
      stream,
      atp: { allow: [model] },
      ...asked,
    })
    expect(status).toBe(200)
    expect(await reliability(gateway, model)).toBeCloseTo(after(worth), 9)
  })
})

it('a stream that the client leaves counts a little against its model', async () => {
  const gateway = await gatewayBefore(streaming([{ content: 'once upon' }], null))
  const client = new AbortController()
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: MESSAGES, stream: true }),
    signal: client.signal,
  })
  await response.body?.getReader().read()
  client.abort()
  await vi.waitFor(async () => expect(await reliability(gateway)).toBeCloseTo(after(0.9), 9), 10_000)
  expect((await get(gateway, '/metrics')).text).toContain(
    'atp_signals_total{arm="up/model",signal="abandoned"} 1',
  )
})

it('a judgement takes its place, whatever it says and however often it comes, also over a restart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'atp-signals-'))
  opened.push({ [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true }) })
  const differs = { dataDir: dir }
  const refusing = answering('', { finish_reason: 'stop' }, { refusal: 'no' })
  const first = await gatewayBefore(refusing, differs)
  const ask = () => post<{ decision_id: string }>(first, '/v1/ask', { prompt: 'hi' })
  const [judged, unjudged] = [(await ask()).body, (await ask()).body]
  expect(unjudged.decision_id).toBeDefined()
  const before = await reliability(first)
  expect(before).toBeCloseTo((20 + 0.6) / 22, 9)
  for (const quality of [0.9, 0.9, 0.2]) {
    await post(first, '/v1/observe', { decision_id: judged.decision_id, quality })
  }
  await post(first, '/v1/observe', {
    decision_id: judged.decision_id,
    quality: 0.5,
    observation_id: 'another',
  })
  const replaced = (20 + 1.3) / 22
  expect(await reliability(first)).toBeCloseTo(replaced, 9)
  await first[Symbol.asyncDispose]()
  const second = await gatewayBefore(refusing, differs)
  expect(await reliability(second)).toBeCloseTo(replaced, 9)
})

it('a signal without confidence is none', async () => {
  const gateway = await gatewayBefore(answering('hel', { finish_reason: 'length' }), {
    observation: { signals: { truncated: { confidence: 0 } } },
  })
  await post(gateway, '/v1/ask', { prompt: 'hi' })
  expect(await reliability(gateway)).toBe(1)
})
