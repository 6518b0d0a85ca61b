/**
 * `atp demo`: sends prompts to a running gateway, judges each answer, tells the gateway, and shows what it learned. The models
 * are measured alone only afterwards, so that nothing but routed traffic teaches the router.
 */
import type { Writable } from 'node:stream'
import { type Clock, systemClock } from '@atp/core/clock'
import { DemoError } from './demo-error.ts'
import { type DemoReport, reportOf } from './demo-report.ts'
import type { JudgedAnswer } from './figures.ts'
import { type AskAnswer, GatewayClient, RefusedError } from './gateway-client.ts'
import { judge } from './judge.ts'
import { Progress } from './progress.ts'
import { promptSequence } from './prompts/index.ts'
import { renderReport } from './report-table.ts'

export interface DemoOptions {
  readonly url: string
  /** Null where nobody is asked for one. */
  readonly key: string | null
  /** Prompts to route. */
  readonly requests: number
  readonly concurrency: number
  readonly preference: 'fast' | 'balanced' | 'high'
  readonly out: Writable
  /** Stops the demo; what is known by then is printed. */
  readonly signal: AbortSignal
  /** Prompts that each model answers alone, for comparison. */
  readonly sample?: number
  readonly clock?: Clock
}

const DEFAULT_SAMPLE = 160
/** So many refusals without a single answer, and there is no point in going on. */
const HOPELESS = 10

/** @throws {DemoError} where there is no gateway, no model, no answer, or no simulated one */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { url, key, requests, concurrency, preference, out, signal, clock = systemClock } = options
  const startedAt = clock.monotonic()
  const client = new GatewayClient(url, key, signal)
  const run = new Run(client, new Progress(out, clock), concurrency, signal)
  const arms = await client.arms()
  if (arms.length === 0)
    throw new DemoError(`the gateway at ${url} has no models: configure some under \`adapters\``)
  const routed = await run.routed(promptSequence(requests), preference)
  const pinned = await run.pinned(promptSequence(options.sample ?? DEFAULT_SAMPLE), arms)
  const report = reportOf({
    preference,
    routed,
    pinned,
    arms,
    failed: run.failed,
    interrupted: signal.aborted,
    elapsedMs: clock.monotonic() - startedAt,
  })
  out.write(renderReport(report))
  return report
}

class Run {
  readonly #client: GatewayClient
  readonly #progress: Progress
  readonly #concurrency: number
  readonly #signal: AbortSignal
  #answered = 0
  #gaveUp = false
  failed = 0

  constructor(client: GatewayClient, progress: Progress, concurrency: number, signal: AbortSignal) {
    this.#client = client
    this.#progress = progress
    this.#concurrency = concurrency
    this.#signal = signal
  }

  async routed(prompts: readonly string[], quality: string): Promise<JudgedAnswer[]> {
    const answers: JudgedAnswer[] = []
    const inOrder: (JudgedAnswer | undefined)[] = []
    await this.#each(prompts, async (prompt, index) => {
      const asked = await this.#client.ask({ prompt, quality })
      const answer = judged(asked)
      await this.#client.observe(asked.decision_id, answer.quality)
      inOrder[index] = answer
      answers.push(answer)
      this.#progress.routed(answers, prompts.length)
    })
    this.#progress.clear()
    return inOrder.filter(answer => answer !== undefined)
  }

  async pinned(prompts: readonly string[], arms: readonly string[]): Promise<JudgedAnswer[]> {
    const answers: JudgedAnswer[] = []
    const questions = prompts.flatMap(prompt => arms.map(model => ({ prompt, model })))
    await this.#each(questions, async question => {
      answers.push(judged(await this.#client.ask(question)))
      this.#progress.pinned(answers.length, questions.length)
    })
    this.#progress.clear()
    return answers
  }

  /** Runs the tasks in order, so many at a time, until they are done or the demo is stopped. A refusal is counted. */
  async #each<T>(items: readonly T[], task: (item: T, index: number) => Promise<void>): Promise<void> {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < items.length && !this.#signal.aborted && !this.#gaveUp) {
        const index = next++
        try {
          await task(items[index] as T, index)
          this.#answered += 1
        } catch (error) {
          if (this.#signal.aborted) return
          this.#forgive(error)
        }
      }
    }
    await Promise.all(Array.from({ length: this.#concurrency }, worker))
  }

  #forgive(error: unknown): void {
    if (!(error instanceof RefusedError)) {
      this.#gaveUp = true
      throw error
    }
    this.failed += 1
    if (this.#answered === 0 && this.failed >= HOPELESS) {
      this.#gaveUp = true
      throw new DemoError(`the gateway answers with nothing but errors, the last one: ${error.message}`, {
        cause: error,
      })
    }
  }
}

/** @throws {DemoError} where a real model answered */
function judged({ model, text, cost_usd, latency_ms }: AskAnswer): JudgedAnswer {
  const quality = judge(text)
  if (quality === null) {
    throw new DemoError(
      `the answer of ${model} bears no quality marker: the demo needs the simulated models, as \`npm run up\` starts them`,
    )
  }
  return { arm: model, quality, costUsd: cost_usd, latencyMs: latency_ms }
}
