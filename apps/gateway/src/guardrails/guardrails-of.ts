/** The guardrails that the configuration asks for. */
import type { Config } from '@atp/core/config'
import type { ChatBody } from '@atp/domain/adapter'
import {
  type Direction,
  type Finding,
  type Guardrails,
  type PromptSizeOptions,
  RequestGuard,
  type TextGuard,
} from '@atp/domain/guardrail'
import { createAnswerGuard, createPatternDetector, createPiiDetector } from '@atp/infrastructure/guardrails'
import { countPromptTokens } from '@atp/infrastructure/providers'
import type { Metrics } from '@atp/infrastructure/telemetry'
import { measurePrompt } from '../corridor/prompt-measure.ts'

/** @throws {AtpError} `invalid_config` where a pattern is none */
export function guardrailsOf({ guardrails }: Config, metrics: Pick<Metrics, 'guardrails'>): Guardrails {
  const tell = (direction: Direction) => (finding: Finding) => metrics.guardrails.found(direction, finding)
  const size = promptSizeOf(guardrails.prompt_size)
  const input = textGuardsOf(guardrails, 'input')
  const output = textGuardsOf(guardrails, 'output')
  return {
    request:
      size === null && input.length === 0
        ? null
        : new RequestGuard({ size, guards: input, tell: tell('input') }),
    answer: output.length === 0 ? null : createAnswerGuard(output, tell('output')),
  }
}

function textGuardsOf({ patterns, pii }: Config['guardrails'], direction: Direction): TextGuard[] {
  const guards: TextGuard[] = []
  const forPatterns = patterns[direction]
  if (forPatterns !== 'off' && patterns.rules.length > 0) {
    guards.push({ name: 'patterns', mode: forPatterns, detector: createPatternDetector(patterns) })
  }
  const forPii = pii[direction]
  if (forPii !== 'off') {
    const detector = createPiiDetector({ kinds: pii.kinds, phoneCountries: pii.phone_countries })
    guards.push({ name: 'pii', mode: forPii, detector })
  }
  return guards
}

function promptSizeOf(config: Config['guardrails']['prompt_size']): PromptSizeOptions | null {
  const { input: mode, max_tokens: tokens, max_bytes: bytes, max_messages: messages } = config
  if (mode === 'off') return null
  return {
    mode,
    limits: {
      ...(tokens === undefined ? {} : { tokens }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(messages === undefined ? {} : { messages }),
    },
    measures: {
      tokens: countPromptTokens,
      bytes: (body: ChatBody) => measurePrompt(body).bytes,
      messages: (body: ChatBody) => body.messages.length,
    },
  }
}
