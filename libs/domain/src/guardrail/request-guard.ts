/** What is looked at before a request is planned for: everything behind it, the plan included, sees the masked texts alone. */
import type { ChatBody } from '../adapter/provider.ts'
import { type Finding, Findings } from './findings.ts'
import type { GuardrailName, TextGuard } from './guardrail.ts'
import { checkPromptSize, type PromptSizeOptions } from './prompt-size.ts'
import { replaceStrings } from './strings-in.ts'
import { filterWhole } from './text-filter.ts'

export interface RequestGuardOptions {
  /** Null where prompts may have any size. */
  readonly size: PromptSizeOptions | null
  readonly guards: readonly TextGuard[]
  readonly tell: (finding: Finding) => void
}

export interface GuardedRequest<Body> {
  /** The very same where nothing was masked. */
  readonly body: Body
  readonly masked: ReadonlyMap<GuardrailName, number>
}

export class RequestGuard {
  readonly #options: RequestGuardOptions

  constructor(options: RequestGuardOptions) {
    this.#options = options
  }

  /** @throws {AtpError} `guardrail_blocked` */
  check<Body extends object>(body: Body): GuardedRequest<Body> {
    const { size, guards, tell } = this.#options
    const findings = new Findings(tell)
    if (size !== null) checkPromptSize(size, asChat(body), findings)
    if (guards.length === 0) return { body, masked: findings.masked }
    const passed = replaceStrings(body, '', ({ text, path, isJson }) =>
      filterWhole(guards, { direction: 'input', where: path, isJson }, findings, text),
    )
    return { body: passed as Body, masked: findings.masked }
  }
}

/** What is no chat is measured as one: each of its texts is a message. */
function asChat(body: object): ChatBody {
  if ('messages' in body) return body as ChatBody
  const messages: ChatBody['messages'][number][] = []
  replaceStrings(body, '', ({ text }) => {
    messages.push({ role: 'user', content: text })
    return text
  })
  return { model: '', messages }
}
