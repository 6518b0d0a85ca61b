/**
 * The door: what guardrails look at before a request is planned for, and before its answer is the client's. Behind it everything (plan, features, embedding,
 * provider, judge, journal) sees the guarded texts alone. Where no guardrail is on there is no door, and nothing passes through here.
 */
import { AtpError } from '@atp/core/errors'
import type { CompletionStream, EmbeddingBody } from '@atp/domain/adapter'
import type { GuardedCompletion, GuardrailName, Guardrails } from '@atp/domain/guardrail'
import type { Exchange } from './exchange.ts'
import type { Reached } from './execute.ts'

/** How many texts were masked, by guardrail. */
export type Masked = ReadonlyMap<GuardrailName, number>

export interface Guarded<Body> {
  readonly exchange: Exchange<Body>
  readonly masked: Masked
}

export const NOTHING_MASKED: Masked = new Map()

/** @throws {AtpError} `guardrail_blocked`; nothing is charged then, and nobody called */
export function guardRequest<Body extends object>(
  { request }: Guardrails,
  exchange: Exchange<Body>,
): Guarded<Body> {
  if (request === null) return { exchange, masked: NOTHING_MASKED }
  const { body, masked } = request.check(exchange.body)
  return { exchange: body === exchange.body ? exchange : { ...exchange, body }, masked }
}

/** @throws {AtpError} `invalid_request` where texts come as tokens, which no guardrail can read */
export function requireReadableInput({ request }: Guardrails, { input }: EmbeddingBody): void {
  if (request === null || typeof input === 'string' || typeof input[0] === 'string') return
  throw new AtpError('invalid_request', {
    detail: 'guardrails read what is sent',
    problems: [{ field: 'input', found: 'tokens', allowed: 'a text, or several' }],
  })
}

/** OpenAI's Responses pass through unread. @throws {AtpError} `not_found` where guardrails look at answers */
export function requireUnreadAnswers({ answer }: Guardrails): void {
  if (answer === null) return
  throw new AtpError('not_found', {
    detail:
      '/v1/responses passes answers through unread, and guardrails here read them: ask /v1/chat/completions',
  })
}

/** Of a whole answer. @throws {AtpError} `answer_blocked`: the caller's to throw once what it cost is settled */
export function guardCompletion(
  { answer }: Guardrails,
  completion: GuardedCompletion['completion'],
): GuardedCompletion {
  return answer === null ? { completion, masked: NOTHING_MASKED } : answer.whole(completion)
}

export function guardStream(
  { answer }: Guardrails,
  reached: Reached<CompletionStream>,
): Reached<CompletionStream> {
  return answer === null ? reached : { ...reached, answer: answer.stream(reached.answer) }
}

export function bothMasked(first: Masked, second: Masked): Masked {
  if (second.size === 0) return first
  const sum = new Map(first)
  for (const [name, count] of second) sum.set(name, (sum.get(name) ?? 0) + count)
  return sum
}
