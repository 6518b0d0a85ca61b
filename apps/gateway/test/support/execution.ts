/** The executor among real parts (registry, settler, retries), with upstreams that answer when the test says so, and time that it winds on. */
import { ManualClock } from '@atp/core/clock'
import type { AtpError } from '@atp/core/errors'
import type { AdapterId, ArmId, DecisionId } from '@atp/core/ids'
import { SeededRandom } from '@atp/core/random'
import type { Timers } from '@atp/core/timers'
import { milliseconds } from '@atp/core/units'
import { AdapterRegistry, type Provider, type ProviderCall, UpstreamError } from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'
import { type Arm, OutputLengths, TenantPacers } from '@atp/domain/routing'
import { DEFAULT_TENANT } from '@atp/domain/tenant'
import { createMetrics } from '@atp/infrastructure/telemetry'
import { typescriptNative } from '@atp/native'
import type { Admitter } from '../../src/corridor/admit.ts'
import type { Contest } from '../../src/corridor/contest.ts'
import type { Walk } from '../../src/corridor/exchange.ts'
import { Executor, type Reached } from '../../src/corridor/execute.ts'
import { Hedging, type HedgingOptions } from '../../src/corridor/hedge.ts'
import type { Reservation } from '../../src/corridor/reservation.ts'
import { Retries, type RetriesOptions } from '../../src/corridor/retries.ts'
import { Settler } from '../../src/corridor/settle.ts'
import { seriesOf } from './series.ts'

/** A call of an upstream that waits for the test. */
export interface Asked {
  readonly arm: string
  readonly signal: AbortSignal
  answer(answer: unknown): void
  fail(error: UpstreamError): void
}

export interface ExecutionOptions {
  /** Arms in the order in which they are tried; default a/one, b/one, c/one. */
  readonly arms?: readonly string[]
  readonly retries?: Partial<RetriesOptions>
  /** Without it nothing is hedged. */
  readonly hedge?: Partial<HedgingOptions>
  readonly maxAttempts?: number
  /** Upstreams that go on after they were cancelled. */
  readonly deaf?: boolean
  /** What the limits say to a call; by default all are let in. */
  readonly admit?: (arm: string) => AtpError | null | Promise<AtpError | null>
}

/** That a prompt is counted to have. */
export const PROMPT_TOKENS = 7

export class Execution {
  readonly time = new ManualTime()
  readonly metrics = createMetrics()
  readonly registry: AdapterRegistry
  readonly executor: Executor
  /** Calls of upstreams, in order. */
  readonly asked: Asked[] = []
  /** What reservations were settled at, by arm, in order. */
  readonly billed: [arm: string, usage: Usage | null | 'unknown'][] = []
  readonly #arms: readonly string[]
  readonly #deaf: boolean

  constructor(options: ExecutionOptions = {}) {
    const { arms = ['a/one', 'b/one', 'c/one'], retries = {}, maxAttempts = 3 } = options
    const { time, metrics } = this
    this.#arms = arms
    this.#deaf = options.deaf === true
    this.registry = new AdapterRegistry({ native: typescriptNative, clock: time })
    for (const id of new Set(arms.map(arm => arm.split('/')[0] as string))) this.#register(id)
    const settler = new Settler({
      clock: time,
      random: new SeededRandom(1),
      metrics,
      pacers: new TenantPacers(null),
      lengths: new OutputLengths(typescriptNative, Number.POSITIVE_INFINITY),
      signals: {} as never,
    })
    const admitter: Pick<Admitter, 'admit'> = {
      admit: (_walk, { arm }) => {
        const verdict = options.admit?.(arm) ?? null
        if (verdict instanceof Promise) return verdict.then(error => error ?? this.#reservation(arm))
        return verdict === null ? this.#reservation(arm) : Promise.resolve(verdict)
      },
    }
    const { hedge } = options
    const retrying = new Retries({
      ratio: 0.2,
      minPerSecond: 10,
      maxWaitMs: milliseconds(0),
      backoffMs: milliseconds(100),
      hedgeShare: hedge === undefined ? null : 1,
      clock: time,
      timers: time,
      random: new SeededRandom(1),
      metrics,
      ...retries,
    })
    const steps = { registry: this.registry, admitter, retries: retrying, settler, clock: time }
    const hedging =
      hedge === undefined
        ? null
        : new Hedging({
            ...steps,
            timers: time,
            metrics,
            leastMs: 0,
            fewestAnswers: 20,
            wholeAnswers: false,
            ...hedge,
          })
    this.executor = new Executor({ ...steps, hedging, maxAttempts })
  }

  walk(signal: AbortSignal = new AbortController().signal): Walk {
    const price = { inputUsdPerMtok: 1, outputUsdPerMtok: 4 }
    const candidates = this.#arms.map(arm => ({ arm, excluded: null, price, outputLimit: null }))
    return {
      exchange: {
        id: 'decision' as DecisionId,
        tenant: DEFAULT_TENANT,
        signal,
        body: { model: 'auto', messages: [{ role: 'user', content: 'Hello?' }] },
      },
      request: { choices: 1, countInputTokens: () => PROMPT_TOKENS },
      plan: { candidates, forecasts: null },
      attempts: [],
      settling: [],
      levels: [],
      isHedged: false,
      reservedUsd: 0,
    } as unknown as Walk
  }

  /** One request on its way. */
  run(walk = this.walk(), contest: Contest<unknown> | null = null): Promise<Reached<unknown>> {
    const { body } = walk.exchange
    const reached = this.executor.firstToAnswer<unknown>(
      walk,
      (provider, terms) => provider.complete({ ...terms, body }),
      contest,
    )
    // Who awaits it later still sees what it throws.
    reached.catch(() => undefined)
    return reached
  }

  /** Has all arms seen answering so often, their first tokens after so many milliseconds. */
  seen(answers: number, firstTokenMs: number): void {
    for (const arm of this.#arms) {
      for (let answer = 0; answer < answers; answer += 1) {
        this.registry.begin(arm as ArmId)?.end({
          outcome: 'success',
          latency: milliseconds(2 * firstTokenMs),
          timeToFirstToken: milliseconds(firstTokenMs),
        })
      }
    }
    // The figures are computed again after a while.
    this.time.advance(2_000)
  }

  health(adapter: string) {
    const health = this.registry.health(adapter as AdapterId)
    if (health === undefined) throw new Error(`there is no adapter ${adapter}`)
    return health
  }

  /** The call of this number, from 0, once it is made. */
  async call(number: number): Promise<Asked> {
    await settled()
    const asked = this.asked[number]
    if (asked === undefined) throw new Error(`${this.asked.length} calls were made, not ${number + 1}`)
    return asked
  }

  async metric(series: string): Promise<number | undefined> {
    return seriesOf(await this.metrics.render(), series)
  }

  #register(adapter: string): void {
    const arms = this.#arms.filter(arm => arm.startsWith(`${adapter}/`)).map(arm => armOf(arm))
    const provider: Provider = {
      complete: call => this.#ask(adapter, call) as never,
      stream: call => this.#ask(adapter, call) as never,
      close: async () => undefined,
    }
    this.registry.register({ id: adapter as AdapterId, kind: 'fake', arms, provider })
  }

  #ask(adapter: string, { upstreamModel, signal }: ProviderCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const arm = `${adapter}/${upstreamModel}`
      const leave = (): void => reject(new UpstreamError('cancelled', 'left', { cause: signal.reason }))
      if (!this.#deaf) signal.addEventListener('abort', leave)
      this.asked.push({ arm, signal, answer: resolve, fail: reject })
    })
  }

  #reservation(arm: string): Reservation {
    return {
      id: null,
      outputLimit: null,
      settle: usage => {
        this.billed.push([arm, usage])
        return null
      },
    }
  }
}

/** Time that passes when it is told to, with its timers. */
export class ManualTime extends ManualClock implements Timers {
  readonly #due = new Map<() => void, number>()

  after(ms: number, callback: () => void): () => void {
    this.#due.set(callback, this.monotonic() + ms)
    return () => this.#due.delete(callback)
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#due.size
  }

  async pass(ms: number): Promise<void> {
    await settled()
    this.advance(ms)
    for (const [callback, at] of [...this.#due]) {
      if (at > this.monotonic()) continue
      this.#due.delete(callback)
      callback()
    }
    await settled()
  }
}

/** Resolves when all that can happen without time has happened. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

export function failed(status?: number, retryAfterMs?: number): UpstreamError {
  return new UpstreamError(status === 429 ? 'rate_limited' : 'failed', `answered with ${status}`, {
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfter: milliseconds(retryAfterMs) }),
  })
}

function armOf(id: string): Arm {
  const [adapter, model] = id.split('/') as [string, string]
  return {
    id: id as ArmId,
    adapterId: adapter as AdapterId,
    model,
    upstreamModel: model,
    price: { inputUsdPerMtok: 1, outputUsdPerMtok: 4 },
    contextWindow: 8_000,
    maxOutputTokens: 2_000,
    capabilities: new Set(['streaming']),
    qualityPrior: { mean: 0.5, strength: 2 },
    expectedOutputTokens: 200,
    expectedLatencyMs: 1_000,
  }
}
