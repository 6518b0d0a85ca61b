import { ManualClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { Timers } from '@atp/core/timers'
import { milliseconds } from '@atp/core/units'
import {
  type Adapter,
  AdapterRegistry,
  type Provider,
  type ProviderCall,
  UpstreamError,
} from '@atp/domain/adapter'
import { typescriptNative } from '@atp/native'
import { beforeEach, describe, expect, it } from 'vitest'
import { UpstreamTrials } from '../../src/health/upstream-trials.ts'

const ARM = 'up/model' as ArmId
const COOLDOWN_MS = 1_000

/** Called back when the test says that the time has come. */
class Pending implements Timers {
  readonly #due: { ms: number; callback: () => void }[] = []

  after(ms: number, callback: () => void): () => void {
    const timer = { ms, callback }
    this.#due.push(timer)
    return () => {
      const at = this.#due.indexOf(timer)
      if (at >= 0) this.#due.splice(at, 1)
    }
  }

  fire(ms: number): void {
    for (const timer of this.#due.filter(due => due.ms === ms)) {
      this.#due.splice(this.#due.indexOf(timer), 1)
      timer.callback()
    }
  }

  get size(): number {
    return this.#due.length
  }
}

let listed: (signal: AbortSignal) => Promise<void>
let completed: ProviderCall[]

function setup(
  by: 'models' | 'one_token',
  provider: Partial<Provider> = {},
  capabilities: readonly string[] = [],
) {
  const clock = new ManualClock()
  const timers = new Pending()
  const registry = new AdapterRegistry({
    native: typescriptNative,
    clock,
    trials: by === 'models' ? 'accounts' : 'all',
  })
  const tried: boolean[] = []
  registry.register({
    id: 'up',
    kind: 'fake',
    arms: [{ ...arm, capabilities: new Set(capabilities) }],
    provider: { ...FAKE, ...provider },
  } as unknown as Adapter)
  const trials = new UpstreamTrials({
    registry,
    by,
    timeoutMs: 500,
    metrics: { tried: (_, succeeded) => tried.push(succeeded) },
    clock,
    timers,
    log: { info: () => undefined },
  })
  trials.start()
  const open = () => {
    for (let failure = 0; failure < 5; failure += 1) {
      const result = {
        outcome: 'error',
        fault: 'account',
        latency: milliseconds(1),
        timeToFirstToken: null,
      } as const
      registry.begin(ARM)?.end(result)
    }
    clock.advance(COOLDOWN_MS)
    timers.fire(250)
  }
  return { clock, timers, registry, tried, trials, open }
}

const FAKE: Provider = {
  complete: async call => {
    completed.push(call)
    return {} as never
  },
  stream: () => Promise.reject(new Error('not called here')),
  listModels: signal => listed(signal),
  close: async () => undefined,
}

const arm = {
  id: ARM,
  adapterId: 'up',
  model: 'model',
  upstreamModel: 'upstream-model',
  price: { inputUsdPerMtok: 1, outputUsdPerMtok: 1 },
  contextWindow: 1,
  maxOutputTokens: 1,
  capabilities: new Set(),
  qualityPrior: { mean: 0.5, strength: 1 },
  expectedOutputTokens: 1,
  expectedLatencyMs: 1,
}

beforeEach(() => {
  listed = async () => undefined
  completed = []
})

describe('trials of upstreams', () => {
  it('ask nothing while no circuit is open', () => {
    let asked = 0
    listed = async () => void asked++
    const { timers } = setup('models')
    timers.fire(250)
    timers.fire(250)
    expect(asked).toBe(0)
  })

  it('close a circuit by the list of models, without a call', async () => {
    const { registry, tried, open } = setup('models')
    open()
    await expect.poll(() => registry.isCandidate(ARM)).toBe(true)
    expect(tried).toEqual([true])
    expect(completed).toEqual([])
  })

  it('leave it to traffic where a provider has no list of models: nothing is to be paid for', async () => {
    const { registry, tried, open } = setup('models', {
      listModels: undefined,
    } as unknown as Partial<Provider>)
    open()
    expect(registry.isCandidate(ARM)).toBe(true)
    expect([tried, completed]).toEqual([[], []])
  })

  it('close it by an answer of one token', async () => {
    const { registry, open } = setup('one_token')
    open()
    await expect.poll(() => registry.isCandidate(ARM)).toBe(true)
    expect(completed).toMatchObject([{ upstreamModel: 'upstream-model', maxOutputTokens: 1 }])
  })

  it('ask an embedding model for a vector', async () => {
    const embedded: unknown[] = []
    const embed = async (call: unknown) => void embedded.push(call)
    const { registry, open } = setup('one_token', { embed } as unknown as Partial<Provider>, ['embeddings'])
    open()
    await expect.poll(() => registry.isCandidate(ARM)).toBe(true)
    expect(embedded).toMatchObject([{ body: { input: 'Hi' } }])
    expect(completed).toEqual([])
  })

  it('close it by an answer that finds the question wrong', async () => {
    const complete = () => Promise.reject(new UpstreamError('rejected', 'at least 16 tokens'))
    const { registry, open } = setup('one_token', { complete })
    open()
    await expect.poll(() => registry.isCandidate(ARM)).toBe(true)
  })

  it('leave it open where they fail, or take too long', async () => {
    const { registry, tried, open, timers, clock } = setup('models')
    listed = async () => {
      throw new UpstreamError('failed', 'no')
    }
    open()
    await expect.poll(() => tried).toEqual([false])
    listed = signal =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    clock.advance(2 * COOLDOWN_MS)
    timers.fire(250)
    timers.fire(500)
    await expect.poll(() => tried).toEqual([false, false])
    expect(registry.isCandidate(ARM)).toBe(false)
  })

  it('give up what is under way when they are to stop', async () => {
    const { trials, tried, open, timers } = setup('models')
    listed = signal =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    open()
    await trials.stop()
    expect(tried).toEqual([])
    expect(timers.size).toBe(0)
  })
})
