/** What an answer came to, in the words of our own wire. */
import { toUsd } from '@atp/core/units'
import type { Observation } from '@atp/domain/observation'
import type { AnswerHead } from '../corridor/corridor.ts'

/** The end of the JSON form and the `done` event alike. */
export function answerFigures(head: AnswerHead, observation: Observation) {
  const { usage, cost, latency, timeToFirstToken } = observation
  return {
    decision_id: head.id,
    model: head.arm,
    usage: {
      input_tokens: usage?.inputTokens ?? 0,
      output_tokens: usage?.outputTokens ?? 0,
      estimated: usage?.estimated ?? true,
    },
    cost_usd: cost === null ? null : toUsd(cost),
    latency_ms: latency ?? 0,
    time_to_first_token_ms: timeToFirstToken,
    attempts: head.attempts,
  }
}
