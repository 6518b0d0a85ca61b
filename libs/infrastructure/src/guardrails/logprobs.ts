/** Log probabilities spell an answer out token by token: where its text may be changed or refused, they are left out. */
import type { TextGuard } from '@atp/domain/guardrail'
import { type ChatAnswer, choicesOf } from '../providers/chat-completion.ts'

/** @returns the very same where there are none */
export function withoutTokens(answer: ChatAnswer, guards: readonly TextGuard[]): ChatAnswer {
  if (guards.every(({ mode }) => mode === 'report')) return answer
  const choices = choicesOf(answer) as readonly { readonly logprobs?: unknown }[]
  if (choices.every(({ logprobs }) => logprobs == null)) return answer
  return { ...answer, choices: choices.map(choice => ({ ...choice, logprobs: null })) }
}
