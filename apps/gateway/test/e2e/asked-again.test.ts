import { expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, ScriptedUpstream } from '../support/scripted-upstream.ts'

const PAUSE_MS = 300
const STATUSES = [429, 503]

it('a model that no other can stand in for is asked again where that is wanted, once it wants to be', async () => {
  const calledAt = new Map<string, number[]>(STATUSES.map(status => [String(status), []]))
  // Each model's name is the status that it fails with once, asking for a pause.
  await using upstream = await ScriptedUpstream.start(({ body }, response) => {
    const model = body.model as string
    const calls = calledAt.get(model) as number[]
    calls.push(performance.now())
    if (calls.length === 1) response.writeHead(Number(model), { 'retry-after-ms': String(PAUSE_MS) }).end()
    else {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
    }
  })
  await using gateway = await GatewayProcess.start({
    config: {
      upstream: { same_model: { max_wait: '1s', backoff: '10ms' } },
      adapters: STATUSES.map(status => ({
        id: `up${status}`,
        base_url: upstream.url,
        models: [{ name: String(status), input_usd_per_mtok: 1, output_usd_per_mtok: 2 }],
      })),
    },
  })
  for (const status of STATUSES) {
    const { body } = await post(gateway, '/v1/ask', { prompt: 'Hello?', model: String(status) })
    expect(body).toMatchObject({ text: 'hello', attempts: 2 })
    const [first, second, ...more] = calledAt.get(String(status)) as [number, number]
    expect(second - first).toBeGreaterThanOrEqual(PAUSE_MS)
    expect(more).toEqual([])
  }
})
