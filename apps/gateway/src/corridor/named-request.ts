/** Step 2 for what goes to the model that it names: nothing is found out by it, because nobody judges the answers. */
import type { Preset, RoutingRequest } from '@atp/domain/routing'
import type { Exchange } from './exchange.ts'
import { constraintsOf } from './plan.ts'

export interface NamedRequest extends Pick<RoutingRequest, 'required' | 'inputBytes' | 'maxOutputTokens'> {
  /** Called once at most. */
  readonly countTokens: () => number
}

/** @param byDefault what counts where several adapters serve the model, and nobody says */
export function namedRequest(
  { body, options, caller, tenant, id }: Exchange<{ readonly model: string }>,
  byDefault: Preset,
  { countTokens, ...measured }: NamedRequest,
): RoutingRequest {
  const { preference, allowedModels } = caller.tenant
  let tokens: number | undefined
  return {
    tenant,
    task: options.task ?? null,
    model: body.model,
    preference: options.quality ?? preference ?? byDefault,
    strategy: 'greedy',
    constraints: constraintsOf(options, options.min_quality ?? 0),
    ...(allowedModels === null ? {} : { permitted: allowedModels }),
    ...measured,
    features: null,
    shadow: null,
    countInputTokens: () => {
      tokens ??= countTokens()
      return tokens
    },
    choices: 1,
    seed: options.decision_seed ?? id,
  }
}
