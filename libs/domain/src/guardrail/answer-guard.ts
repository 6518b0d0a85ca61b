/** The port to what is looked at before a client gets an answer. */
import type { Completion, CompletionStream } from '../adapter/provider.ts'
import type { GuardrailName } from './guardrail.ts'
import type { RequestGuard } from './request-guard.ts'

export interface GuardedCompletion {
  /** The very same where nothing was masked. */
  readonly completion: Completion
  readonly masked: ReadonlyMap<GuardrailName, number>
}

export interface AnswerGuard {
  /** @throws {AtpError} `answer_blocked` */
  whole(completion: Completion): GuardedCompletion
  /**
   * The same stream, its texts guarded: in sum they are what `whole` makes of the whole text. A guardrail that blocks breaks it off with an
   * `UpstreamError` `cancelled` whose cause is the `AtpError` `answer_blocked`.
   */
  stream(answer: CompletionStream): CompletionStream
}

/** All guardrails of a gateway; null where there is nothing to look at. */
export interface Guardrails {
  readonly request: Pick<RequestGuard, 'check'> | null
  readonly answer: AnswerGuard | null
}
