import { describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, ScriptedUpstream } from '../support/scripted-upstream.ts'

const PAUSE_MS = 300

describe('a model that no other can stand in for', () => {
  /** Fails once, asking for a pause, and answers from then on. */
  const failOnce = (status: number) => {
    const calledAt: number[] = []
    const upstream = ScriptedUpstream.start((_request, response) => {
      calledAt.push(performance.now())
      response.setHeader('content-type', 'application/json')
      if (calledAt.length === 1) {
        response.writeHead(status, { 'retry-after-ms': String(PAUSE_MS) })
        response.end('{"error": {"message": "not now"}}')
      } else response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
    })
    return { calledAt, upstream }
  }

  it.each([429, 503])('is asked again after a %i where that is wanted, once it wants to be', async status => {
    const { calledAt, upstream } = failOnce(status)
    await using up = await upstream
    await using gateway = await GatewayProcess.start({
      config: {
        upstream: { same_model: { max_wait: '1s', backoff: '10ms' } },
        adapters: [
          {
            id: 'up',
            base_url: up.url,
            models: [{ name: 'model', input_usd_per_mtok: 1, output_usd_per_mtok: 2 }],
          },
        ],
      },
    })
    const { status: answered, body } = await post(gateway, '/v1/ask', { prompt: 'Hello?' })
    expect({ answered, ...body }).toMatchObject({ answered: 200, text: 'hello', attempts: 2 })
    expect(calledAt).toHaveLength(2)
    const [first, second] = calledAt as [number, number]
    expect(second - first).toBeGreaterThanOrEqual(PAUSE_MS)
  })
})
