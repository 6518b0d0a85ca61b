/** `GET /v1/models`: OpenAI's list, `auto` first, each with what routing knows of it under `atp`. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { Prices } from '@atp/domain/pricing'
import { type Arm, AUTO } from '@atp/domain/routing'
import { mayUse } from '@atp/domain/tenant'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import { callerOf } from '../plugins/planes.ts'
import { OpenAiError } from '../schemas/common.ts'

const Model = Type.Object(
  { id: Type.String(), object: Type.Literal('model'), created: Type.Integer(), owned_by: Type.String() },
  { additionalProperties: true },
)

export interface ModelsOptions {
  readonly registry: AdapterRegistry
  readonly prices: Prices
  readonly clock: Clock
}

export async function models(app: App, { registry, prices, clock }: ModelsOptions): Promise<void> {
  const created = Math.floor(clock.now() / 1000)
  const auto = { id: AUTO, object: 'model', created, owned_by: 'atp' } as const
  const describe = (arm: Arm) => {
    const { inputUsdPerMtok, outputUsdPerMtok } = prices.at(arm, clock.now())
    return {
      id: arm.id,
      object: 'model',
      created,
      owned_by: arm.adapterId,
      atp: {
        input_usd_per_mtok: inputUsdPerMtok,
        output_usd_per_mtok: outputUsdPerMtok,
        context_window: arm.contextWindow,
        max_output_tokens: arm.maxOutputTokens,
        capabilities: [...arm.capabilities],
      },
    } as const
  }

  app.get(
    '/v1/models',
    {
      config: { plane: 'data', wire: 'openai' },
      schema: {
        summary: 'The models that the caller may ask for',
        tags: ['openai'],
        response: { 200: Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) }) },
      },
    },
    async request => {
      const { tenant } = callerOf(request)
      const arms = registry.arms().filter(arm => mayUse(tenant, arm))
      return { object: 'list' as const, data: [auto, ...arms.map(describe)] }
    },
  )

  app.get(
    '/v1/models/*',
    {
      config: { plane: 'data', wire: 'openai' },
      schema: {
        summary: 'One model, by its arm or its name',
        tags: ['openai'],
        params: Type.Object({ '*': Type.String() }),
        response: { 200: Model, '4xx': OpenAiError },
      },
    },
    async request => {
      const name = request.params['*']
      if (name === AUTO) return auto
      const { tenant } = callerOf(request)
      const arm = registry.resolve(name).find(each => mayUse(tenant, each))
      if (arm !== undefined) return describe(arm)
      throw new AtpError('unknown_model', { detail: `no adapter serves the model '${name}'` })
    },
  )
}
