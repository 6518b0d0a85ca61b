/** `POST /v1/observe`: feedback on a decision, days later if need be, or a call that somebody else made. Idempotent. */
import { AtpError } from '@atp/core/errors'
import type { ArmId, DecisionId } from '@atp/core/ids'
import { microUsd, milliseconds } from '@atp/core/units'
import type { FeedbackInput, FeedbackResult, FeedbackService } from '@atp/domain/observation'
import type { Tenant } from '@atp/domain/tenant'
import type { App } from '../app.ts'
import { problem } from '../error-response.ts'
import { callerOf } from '../plugins/planes.ts'
import { Problem } from '../schemas/common.ts'
import { type ObservationInput, ObserveAnswer, ObserveRequest } from '../schemas/observe.ts'

export async function observe(app: App, { feedback }: { readonly feedback: FeedbackService }): Promise<void> {
  app.post(
    '/v1/observe',
    {
      config: { plane: 'data' },
      schema: {
        summary: 'Say how good an answer was',
        tags: ['atp'],
        body: ObserveRequest,
        response: { 202: ObserveAnswer, '4xx': Problem, '5xx': Problem },
      },
    },
    async (request, reply) => {
      const { tenant } = callerOf(request)
      const { observations, ...single } = request.body
      if (observations === undefined) {
        const [result] = await feedback.submit([inputOf(tenant, single, '')])
        if (result?.status === 'refused') throw result.error
        return reply.code(202).send(answerOf(result as FeedbackResult))
      }
      if (Object.keys(single).length > 0) throw mixed(Object.keys(single))
      const inputs = observations.map((input, index) => inputOf(tenant, input, `observations[${index}].`))
      const results = await feedback.submit(inputs)
      return reply.code(202).send({ results: results.map(answerOf) })
    },
  )
}

/** @param at where the input stands in the body, for the error that names a missing field */
function inputOf({ id: tenant, allowedModels }: Tenant, input: ObservationInput, at: string): FeedbackInput {
  const key = input.observation_id === undefined ? {} : { observationId: input.observation_id }
  const { decision_id, quality, arm, outcome } = input
  if (decision_id !== undefined) {
    const foreign = Object.keys(input).find(name => !FEEDBACK_FIELDS.has(name))
    if (foreign !== undefined)
      throw wrong(`${at}${foreign}`, 'a field of an outside observation', FEEDBACK_SHAPE)
    if (quality === undefined) throw wrong(`${at}quality`, 'nothing', 'a number from 0 to 1')
    return { kind: 'feedback', tenant, decisionId: decision_id as DecisionId, quality, ...key }
  }
  if (arm === undefined) throw wrong(`${at}decision_id`, 'nothing', `${FEEDBACK_SHAPE}; or arm and outcome`)
  if (outcome === undefined) throw wrong(`${at}outcome`, 'nothing', 'what came of the call')
  const { latency_ms, time_to_first_token_ms, input_tokens, output_tokens, cost_usd } = input
  const counted = input_tokens !== undefined && output_tokens !== undefined
  return {
    kind: 'outside',
    tenant,
    ...(allowedModels === null ? {} : { permitted: allowedModels }),
    arm: arm as ArmId,
    outcome,
    quality: quality ?? null,
    latency: latency_ms === undefined ? null : milliseconds(latency_ms),
    timeToFirstToken: time_to_first_token_ms === undefined ? null : milliseconds(time_to_first_token_ms),
    usage: counted ? { inputTokens: input_tokens, outputTokens: output_tokens, estimated: false } : null,
    cost: cost_usd === undefined ? null : microUsd(Math.round(cost_usd * 1_000_000)),
    ...key,
  }
}

const FEEDBACK_FIELDS = new Set(['decision_id', 'quality', 'observation_id'])
const FEEDBACK_SHAPE = 'decision_id and quality (and observation_id)'

function wrong(field: string, found: string, allowed: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'the observation is not complete',
    problems: [{ field, found, allowed }],
  })
}

function mixed(fields: readonly string[]): AtpError {
  return wrong(fields.join(', '), 'beside observations', 'observations alone, or one observation alone')
}

function answerOf(result: FeedbackResult) {
  return result.status === 'refused'
    ? { status: result.status, error: problem(result.error) }
    : { status: result.status, observation_id: result.observationId }
}
