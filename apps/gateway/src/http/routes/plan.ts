/** `POST /v1/plan`: the decision that `ask` would take, explained; nothing is executed and no state consumed. */
import type { Candidate, Plan } from '@atp/domain/routing'
import type { Corridor } from '../../corridor/corridor.ts'
import type { App } from '../app.ts'
import { chatBodyOf } from '../chat-body-of.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { AskRequest } from '../schemas/ask.ts'
import { Problem } from '../schemas/common.ts'
import { PlanAnswer } from '../schemas/plan.ts'

export interface PlanOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
}

export async function plan(app: App, { corridor, exchanges }: PlanOptions): Promise<void> {
  app.post(
    '/v1/plan',
    {
      config: { plane: 'data' },
      schema: {
        summary: 'Explain the decision that `ask` would take',
        tags: ['atp'],
        body: AskRequest,
        response: { 200: PlanAnswer, '4xx': Problem },
      },
    },
    async (request, reply) => {
      const { body, options } = chatBodyOf(request.body)
      return answerOf(await corridor.plan(exchanges.open(reply, body, options)))
    },
  )
}

function answerOf(plan: Plan) {
  return {
    decision_seed: plan.seed,
    state_version: plan.stateVersion,
    strategy: plan.strategy,
    weights: plan.weights,
    exploration: plan.exploration,
    shadow: plan.shadow === null ? null : { strategy: plan.shadow.strategy, model: plan.shadow.arm },
    model: plan.candidates[0]?.arm ?? null,
    candidates: plan.candidates.map(candidateOf),
  }
}

function candidateOf({ arm, score, terms, excluded, estimate }: Candidate) {
  return {
    arm,
    score,
    terms,
    excluded: excluded === null ? null : [...excluded],
    estimate: {
      quality_mean: estimate.qualityMean,
      quality_alpha: estimate.alpha,
      quality_beta: estimate.beta,
      quality_deviation: estimate.qualityDeviation,
      reliability: estimate.reliability,
      cost_usd: estimate.costUsd,
      latency_ms: estimate.latencyMs,
      output_tokens: estimate.outputTokens,
    },
  }
}
