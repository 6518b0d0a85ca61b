/** A model that judges a sample of the answers, as an operator sees it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type GatewayOptions, GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

const USAGE = { prompt_tokens: 10, completion_tokens: 20 }
const answering =
  (text: string): Script =>
  (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf(text, USAGE)))
  }

const JUDGED = { model: 'up/critic', share: 1 }

/** `writer` and `scribe` answer, `critic` judges, by this script. */
async function gatewayWith(
  critic: Script,
  judge: object = JUDGED,
  options: Pick<GatewayOptions, 'dataDir' | 'env'> = {},
) {
  const upstream = await ScriptedUpstream.start((request, response) =>
    request.body.model === 'critic' ? critic(request, response) : write(request, response),
  )
  opened.push(upstream)
  const config = {
    ...configFor(upstream, ['writer', 'scribe', 'critic']),
    routing: { half_life: 'never' },
    judge,
  }
  const gateway = await GatewayProcess.start({ config, ...options })
  opened.push(gateway)
  return { upstream, gateway }
}

const write: Script = (request, response) => {
  if (request.body.stream !== true) return answering('Paris, of course')(request, response)
  response.setHeader('content-type', 'text/event-stream')
  for (const content of ['Paris, ', 'of course']) {
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`)
  }
  response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
}

const chat = (gateway: GatewayProcess, stream = false, allow = ['writer']) =>
  post(gateway, '/v1/chat/completions', {
    model: 'auto',
    atp: { allow },
    messages: [{ role: 'user', content: 'The capital of France?' }],
    stream,
  })

async function expected(gateway: GatewayProcess): Promise<number> {
  const { body } = await post<{ candidates: { estimate: { quality_mean: number } }[] }>(gateway, '/v1/plan', {
    prompt: 'hi',
    allow: ['writer'],
  })
  return body.candidates[0]?.estimate.quality_mean as number
}

describe('a judge', () => {
  it.each([false, true])(
    'sees prompt and answer, streamed: %s, and what it says is learned',
    async stream => {
      const { gateway, upstream } = await gatewayWith(answering('{"score": 1}'))
      const before = await expected(gateway)
      expect((await chat(gateway, stream)).status).toBe(200)
      await expect.poll(() => expected(gateway)).toBeLessThan(before)
      const question = JSON.stringify(
        upstream.requests.find(({ body }) => body.model === 'critic')?.body.messages,
      )
      expect(question).toContain('The capital of France?')
      expect(question).toContain('Paris, of course')
      expect(question).not.toContain('writer')
    },
  )

  it('is billed apart from the answer', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-judge-'))
    opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }) })
    const { gateway } = await gatewayWith(answering('{"score": 10}'), JUDGED, { dataDir: dataDir })
    await chat(gateway, false, ['writer', 'scribe'])
    const metrics = async () => (await get(gateway, '/metrics')).text
    await expect.poll(metrics).toContain('atp_verdicts_total{decided="true"} 1')
    const text = await metrics()
    expect(text).toContain('atp_judging_cost_usd_total 0.00005')
    expect(text).toMatch(/atp_cost_usd_total\{arm="up\/(writer|scribe)"\} 0.00005/)
    expect(text).not.toContain('atp_cost_usd_total{arm="up/critic"}')
    const { output } = await runAtp(['replay', '--json', '--policy', 'recorded'], { dataDir })
    expect(JSON.parse(output).policies[0].judgement).toMatchObject({
      quality: { ips: { mean: 1 } },
      costUsd: { ips: { mean: 0.00005 } },
    })
  })

  it.each([
    ['has no score', answering('It is fine')],
    ['is beyond the scale', answering('{"score": 11}')],
    ['is no answer', ((_request, response) => void response.writeHead(500).end()) satisfies Script],
  ])('whose verdict %s changes nothing', async (_name, critic) => {
    const { gateway } = await gatewayWith(critic)
    const before = await expected(gateway)
    await chat(gateway)
    const metrics = async () => (await get(gateway, '/metrics')).text
    await expect.poll(metrics).toContain('atp_verdicts_total{decided="false"} 1')
    expect(await expected(gateway)).toBe(before)
  })

  it('is asked by nobody unless one is named, nor about its own answers, nor where the client named the model', async () => {
    const critic = answering('{"score": 1}')
    const { gateway, upstream } = await gatewayWith(critic, {})
    await chat(gateway)
    const own = await gatewayWith(critic)
    await post(own.gateway, '/v1/ask', { prompt: 'hi', allow: ['critic'] })
    await post(own.gateway, '/v1/ask', { prompt: 'hi', model: 'writer' })
    await chat(own.gateway)
    const asked = () => own.upstream.requests.map(({ body }) => body.model)
    await expect.poll(asked).toEqual(['critic', 'writer', 'writer', 'critic'])
    expect(upstream.requests.length).toBe(1)
  })

  it('that never answers keeps no answer, and the stop for a while', async () => {
    const { gateway, upstream } = await gatewayWith(() => {}, JUDGED, { env: { ATP_SHUTDOWN_TOTAL: '1s' } })
    expect((await chat(gateway)).status).toBe(200)
    await expect.poll(() => upstream.requests.length).toBe(2)
    expect(await gateway.end('SIGTERM')).toBe(1)
    expect(gateway.output).toMatch(/"phase":"tasks","name":"judgement of [^"]+","fate":"ended"/)
  })

  it('that no adapter has is refused at the start, by name', async () => {
    const upstream = await ScriptedUpstream.start(() => {})
    opened.push(upstream)
    const { code, output } = await runAtp(['serve'], {
      config: { ...configFor(upstream), judge: { model: 'up/nobody' } },
    })
    expect(code).toBe(1)
    expect(output).toMatch(/judge\.model.*up\/nobody.*up\/model/s)
  })
})
