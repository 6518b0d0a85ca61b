/** From an `ask` to the chat completion that it stands for, and the routing options beside it. */
import { AtpError } from '@atp/core/errors'
import type { ChatBody, ChatMessage } from '@atp/domain/adapter'
import { AUTO } from '@atp/domain/routing'
import type { RoutingOptions } from '../corridor/routing-options.ts'
import type { AskRequest } from './schemas/ask.ts'

export interface Question {
  readonly body: ChatBody
  readonly options: RoutingOptions
}

/** @throws {AtpError} `invalid_request` unless exactly one of `prompt` and `messages` is there */
export function chatBodyOf(ask: AskRequest): Question {
  const { prompt, messages, model = AUTO, stream = false, max_output_tokens, ...options } = ask
  if ((prompt === undefined) === (messages === undefined)) {
    throw new AtpError('invalid_request', {
      detail: 'a question is a prompt or messages',
      problems: [
        {
          field: 'prompt',
          found: prompt === undefined ? 'neither prompt nor messages' : 'both prompt and messages',
          allowed: 'exactly one of prompt and messages',
        },
      ],
    })
  }
  return {
    body: {
      model,
      messages: prompt === undefined ? (messages as ChatMessage[]) : [{ role: 'user', content: prompt }],
      ...(stream ? { stream: true } : {}),
      ...(max_output_tokens === undefined ? {} : { max_completion_tokens: max_output_tokens }),
    },
    options,
  }
}
