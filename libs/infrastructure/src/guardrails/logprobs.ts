/** Log probabilities spell an answer out token by token: where its text may be changed or refused, they are left out. */
import type { TextGuard } from '@atp/domain/guardrail'
import { type ChatAnswer, choicesOf } from '../providers/chat-completion.ts'

/** @returns the very same where there are none, or what is found is only reported */
export function withoutTokens(answer: ChatAnswer, guards: readonly TextGuard[]): ChatAnswer {
  if (!hides(guards)) return answer
  const choices = choicesOf(answer) as readonly { readonly logprobs?: unknown }[]
  if (choices.every(({ logprobs }) => logprobs == null)) return answer
  return { ...answer, choices: choices.map(choice => ({ ...choice, logprobs: null })) }
}

/** Whether anything may be kept from a client. */
export function hides(guards: readonly TextGuard[]): boolean {
  return guards.some(({ mode }) => mode !== 'report')
}
