import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@atp/core/config'
import { type AppContainer, type Binding, bindValue } from '@atp/core/container'
import type { AdapterId } from '@atp/core/ids'
import type { FeedbackService } from '@atp/domain/observation'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose } from '../src/composition.ts'
import { Gateway } from '../src/gateway.ts'
import * as T from '../src/tokens.ts'
import { post } from './support/post.ts'
import { completionOf, ScriptedUpstream } from './support/scripted-upstream.ts'

const EVENTS = 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

let scratch: string

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'atp-stop-'))
})

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true })
})

async function running(
  upstream: { readonly url: string },
  env: Record<string, string>,
  ...overrides: Binding[]
): Promise<{ gateway: Gateway; container: AppContainer; url: string }> {
  const loaded = loadConfig({
    env: {
      ATP_DATA_DIR: scratch,
      ATP_LOG_LEVEL: 'silent',
      ATP_SERVER_PORT: '0',
      ATP_AUTH_ENABLED: 'false',
      ATP_ADAPTERS_0_ID: 'up',
      ATP_ADAPTERS_0_BASE_URL: upstream.url,
      ATP_ADAPTERS_0_MODELS_0_NAME: 'model',
      ATP_ADAPTERS_0_MODELS_0_INPUT_USD_PER_MTOK: '1',
      ATP_ADAPTERS_0_MODELS_0_OUTPUT_USD_PER_MTOK: '1',
      ...env,
    },
  })
  const container = await compose(loaded, overrides)
  const gateway = new Gateway(container)
  return { gateway, container, url: await gateway.start() }
}

describe('the stop', () => {
  it('waits for no call whose request failed in the gateway itself', async () => {
    let closed = 0
    await using upstream = await ScriptedUpstream.start(({ body }, response) => {
      response.once('close', () => {
        closed += 1
      })
      if (body.stream === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(EVENTS)
        return
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('a', { prompt_tokens: 1, completion_tokens: 1 })))
    })
    const broken = {
      remember() {
        throw new Error('a bug')
      },
    } as unknown as FeedbackService
    const { gateway, url } = await running(upstream, {}, bindValue(T.FEEDBACK, broken))
    for (const stream of [false, true]) {
      const { status, body } = await post({ url }, '/v1/ask', { prompt: 'hi', stream })
      expect(status).toBe(500)
      expect(body).toMatchObject({ code: 'internal' })
      expect(JSON.stringify(body)).not.toContain('a bug')
    }
    await expect.poll(() => closed).toBe(2)
    await gateway.stop()
  })

  it('waits for no start that waits for what it needs', async () => {
    const env = { ATP_DATA_DIR: scratch, ATP_LOG_LEVEL: 'silent', ATP_AUTH_ENABLED: 'false' }
    const container = await compose(loadConfig({ env }))
    let looked = 0
    container.resolve(T.READINESS).register('never', () => {
      looked += 1
      return { status: 'unavailable', detail: null }
    })
    const gateway = new Gateway(container, { readyFirst: true })
    const started = gateway.start()
    started.catch(() => undefined)
    await expect.poll(() => looked, { timeout: 30_000 }).toBeGreaterThan(0)
    const { unfinished } = await gateway.stop()
    expect(unfinished).toEqual([])
    await expect(started).rejects.toMatchObject({ code: 'shutting_down' })
  }, 60_000)

  it('goes on without what hangs, and names it', async () => {
    await using upstream = await ScriptedUpstream.start(() => {})
    const { gateway, container } = await running(upstream, { ATP_SHUTDOWN_TOTAL: '3s' })
    const [arm] = container.resolve(T.REGISTRY).arms()
    if (arm === undefined) throw new Error('no arm')
    const never = () => new Promise<never>(() => {})
    container.resolve(T.REGISTRY).register({
      id: 'hanging' as AdapterId,
      kind: 'test',
      arms: [{ ...arm, id: 'hanging/model' as typeof arm.id, adapterId: 'hanging' as AdapterId }],
      provider: { complete: never, stream: never, close: never },
    })
    expect((await gateway.stop()).unfinished).toEqual([
      { phase: 'components', name: 'adapters', fate: 'hung' },
    ])
    // The journal is closed all the same: another may have it.
    const again = loadConfig({ env: { ATP_DATA_DIR: scratch, ATP_LOG_LEVEL: 'silent' } })
    await (await compose(again)).resolve(T.DATABASE).stop(0)
  })
})
