/**
 * Has a sample of the answers judged, behind the client's back: no answer waits for its judge. At most so many are under way at
 * once; what comes beyond is not judged. A verdict is feedback like any other, what it cost an observation of its own.
 */
import type { DecisionId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import { type OpenWork, runInBackground } from '@atp/core/shutdown'
import {
  type AnswerToJudge,
  type FeedbackService,
  type Judge,
  NO_CONTEXT,
  type ObservationService,
} from '@atp/domain/observation'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { NativeModule } from '@atp/native'

export interface AnswerJudgingOptions {
  readonly judge: Judge
  /** Of the answers, in [0, 1]. */
  readonly share: number
  readonly maxConcurrent: number
  /** Milliseconds that a verdict may take. */
  readonly timeoutMs: number
  readonly feedback: Pick<FeedbackService, 'submit' | 'isJudged'>
  readonly observations: Pick<ObservationService, 'record'>
  /** A stop waits for those under way. */
  readonly tasks: OpenWork
  readonly metrics: Pick<Metrics, 'judged'>
  readonly native: Pick<NativeModule, 'hash64'>
  readonly log: Logger
}

/** Its name among those who judge a decision: it judges each once. */
const nameFor = (decision: DecisionId): string => `judge:${decision}`

/** Its text is put together only where it is judged. */
export interface SampledAnswer extends Omit<AnswerToJudge, 'text'> {
  readonly text: () => string | null
}

export class AnswerJudging {
  readonly #options: AnswerJudgingOptions
  #underWay = 0

  constructor(options: AnswerJudgingOptions) {
    this.#options = options
  }

  /** Returns at once. The same decision is always in the sample, or never. */
  consider(answer: SampledAnswer): void {
    const { share, maxConcurrent, feedback, native, tasks, log } = this.#options
    const [drawn] = native.hash64(`judge\n${answer.decisionId}`)
    if (drawn >= share * 2 ** 32) return
    if (this.#underWay >= maxConcurrent || feedback.isJudged(answer.decisionId)) return
    const text = answer.text()
    if (text === null || text === '') return
    this.#underWay += 1
    runInBackground(tasks, `judgement of ${answer.decisionId}`, late =>
      this.#judge({ ...answer, text }, late),
    )
      .catch(error => log.warn({ err: error }, 'an answer was not judged'))
      .finally(() => {
        this.#underWay -= 1
      })
  }

  async #judge(answer: AnswerToJudge, late: AbortSignal): Promise<void> {
    const { judge, timeoutMs, feedback, observations, metrics } = this.#options
    const signal = AbortSignal.any([late, AbortSignal.timeout(timeoutMs)])
    const { quality, call } = await judge.judge(answer, signal)
    if (call !== null) {
      metrics.judged(call, quality !== null)
      await observations.record(null, [call], NO_CONTEXT)
    }
    if (quality === null) return
    const { tenant, decisionId } = answer
    const observationId = nameFor(decisionId)
    await feedback.submit([{ kind: 'feedback', tenant, decisionId, quality, observationId }])
  }
}
