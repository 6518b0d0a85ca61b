/** A guardrail says no: which, to what kind, and where. The text itself is never told. */
import { AtpError } from '@atp/core/errors'
import type { Direction, GuardrailName } from './guardrail.ts'

export interface Block {
  readonly guardrail: GuardrailName
  readonly kind: string
  /** The field, as `messages[2].content`. */
  readonly where: string
  readonly found: string
  readonly allowed: string
}

export function blocked(direction: Direction, { guardrail, kind, where, found, allowed }: Block): AtpError {
  return new AtpError(direction === 'input' ? 'guardrail_blocked' : 'answer_blocked', {
    detail: `the guardrail ${guardrail} does not let this ${direction === 'input' ? 'prompt' : 'answer'} pass`,
    problems: [{ field: where, found, allowed }],
    context: { guardrail, kind },
  })
}
