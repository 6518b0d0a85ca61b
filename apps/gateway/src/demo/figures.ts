/** What answers came to: mean quality, mean cost, median latency. */

export interface JudgedAnswer {
  readonly arm: string
  readonly quality: number
  readonly costUsd: number
  readonly latencyMs: number
}

export interface Figures {
  readonly answers: number
  /** In [0, 1]; NaN, as the others, without an answer. */
  readonly quality: number
  /** US dollars an answer. */
  readonly costUsd: number
  /** Milliseconds, as the gateway measured them. */
  readonly medianLatencyMs: number
}

export function figuresOf(answers: readonly JudgedAnswer[]): Figures {
  const latencies = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return {
    answers: answers.length,
    quality: mean(answers.map(({ quality }) => quality)),
    costUsd: mean(answers.map(({ costUsd }) => costUsd)),
    medianLatencyMs: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
  }
}

/** Each arm's share of the answers, in [0, 1]; arms without one are missing. */
export function sharesOf(answers: readonly Pick<JudgedAnswer, 'arm'>[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { arm } of answers) counts.set(arm, (counts.get(arm) ?? 0) + 1)
  return new Map([...counts].map(([arm, count]) => [arm, count / answers.length]))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
