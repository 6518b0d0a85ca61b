/** The guardrails of answers: of whole ones, whose bytes stay as they came where nothing was masked, and of streams. */
import type { Completion, CompletionStream } from '@atp/domain/adapter'
import {
  type AnswerGuard,
  type Finding,
  Findings,
  type GuardedCompletion,
  replaceStrings,
  type TextGuard,
} from '@atp/domain/guardrail'
import { choicesOf, parseAnswer } from '../providers/chat-completion.ts'
import { GuardedStream } from './guarded-stream.ts'
import { withoutTokens } from './logprobs.ts'
import { readWhole } from './read-whole.ts'

export function createAnswerGuard(
  guards: readonly TextGuard[],
  tell: (finding: Finding) => void,
): AnswerGuard {
  return new ChatAnswerGuard(guards, tell)
}

class ChatAnswerGuard implements AnswerGuard {
  readonly #guards: readonly TextGuard[]
  readonly #tell: (finding: Finding) => void

  constructor(guards: readonly TextGuard[], tell: (finding: Finding) => void) {
    this.#guards = guards
    this.#tell = tell
  }

  whole(completion: Completion): GuardedCompletion {
    const findings = new Findings(this.#tell)
    const answer = parseAnswer(completion.bytes.toString())
    if (answer === null) return { completion, masked: findings.masked }
    const guarded = replaceStrings(withoutTokens(answer, this.#guards), '', ({ text, path, isJson }) =>
      readWhole(this.#guards, { direction: 'output', where: path, isJson }, findings, text),
    ) as typeof answer
    const { masked } = findings
    if (guarded === answer) return { completion, masked }
    const text = choicesOf(guarded)[0]?.message?.content
    return {
      completion: {
        ...completion,
        bytes: Buffer.from(JSON.stringify(guarded)),
        text: typeof text === 'string' ? text : null,
      },
      masked,
    }
  }

  stream(answer: CompletionStream): CompletionStream {
    return new GuardedStream(answer, this.#guards, this.#tell)
  }
}
