/** What somebody else has to say: a judgement of one of our answers, or a call that was not ours. */
import { AtpError, type FieldProblem } from '@atp/core/errors'
import type { ArmId, DecisionId, TenantId } from '@atp/core/ids'
import type { MicroUsd, Milliseconds } from '@atp/core/units'
import { MOST_TOKENS, OUTCOMES, type Outcome, type Usage } from './observation.ts'

interface Submission {
  readonly tenant: TenantId
  /** The sender's name for it, its own within its tenant: sent again, it is a duplicate and counts once. */
  readonly observationId?: string
}

/** Without an `observationId` a decision is judged once. */
export interface DecisionFeedback extends Submission {
  readonly kind: 'feedback'
  readonly decisionId: DecisionId
  /** In [0, 1]. */
  readonly quality: number
}

/** Without an `observationId` each one counts. */
export interface OutsideObservation extends Submission {
  readonly kind: 'outside'
  /** The only arms or model names that its sender may speak of; where it is left out, all. */
  readonly permitted?: readonly string[]
  readonly arm: ArmId
  readonly outcome: Outcome
  /** In [0, 1]; null where nobody judged. */
  readonly quality: number | null
  readonly latency: Milliseconds | null
  readonly timeToFirstToken: Milliseconds | null
  readonly usage: Usage | null
  readonly cost: MicroUsd | null
}

export type FeedbackInput = DecisionFeedback | OutsideObservation

/** Printable, and what every database can hold: no control characters, no half surrogates. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,200}$/u

export function isName(text: string): boolean {
  return NAME.test(text)
}

/** @returns `invalid_request` naming each field that is wrong, or null */
export function problemsOf(input: FeedbackInput): AtpError | null {
  const problems: FieldProblem[] = []
  const require = (holds: boolean, field: string, found: unknown, allowed: string): void => {
    if (!holds) problems.push({ field, found: String(found), allowed })
  }
  const count = (field: string, value: number, most: number): void =>
    require(Number.isInteger(value) &&
      value >= 0 &&
      value <= most, field, value, `an integer from 0 to ${most}`)
  const duration = (field: string, value: number | null): void =>
    require(value === null || (Number.isFinite(value) && value >= 0), field, value, 'milliseconds, 0 or more')

  const { observationId, quality } = input
  if (observationId !== undefined) {
    require(isName(observationId), 'observationId', observationId, '1 to 200 printable characters')
  }
  if (quality !== null || input.kind === 'feedback') {
    require(typeof quality === 'number' &&
      quality >= 0 &&
      quality <= 1, 'quality', quality, 'a number from 0 to 1')
  }
  if (input.kind === 'outside') {
    require(OUTCOMES.includes(input.outcome), 'outcome', input.outcome, `one of ${OUTCOMES.join(', ')}`)
    duration('latency', input.latency)
    duration('timeToFirstToken', input.timeToFirstToken)
    if (input.usage !== null) {
      count('usage.inputTokens', input.usage.inputTokens, MOST_TOKENS)
      count('usage.outputTokens', input.usage.outputTokens, MOST_TOKENS)
    }
    if (input.cost !== null) count('cost', input.cost, Number.MAX_SAFE_INTEGER)
  }
  if (problems.length === 0) return null
  return new AtpError('invalid_request', { detail: 'the observation is not valid', problems })
}
