/** From Anthropic's request to the chat completion that asks the same. */
import type { ChatBody } from '@atp/domain/adapter'
import type { CountTokensRequest, MessagesRequest } from '../schemas/messages.ts'
import { type AnthropicMessage, chatMessagesOf } from './chat-messages.ts'
import { chatToolsOf } from './chat-tools.ts'
import type { Block } from './content-parts.ts'

/** @throws {AtpError} `invalid_request` naming what no chat completion can say */
export function chatBodyOfMessages(request: MessagesRequest): ChatBody {
  const { max_tokens, stop_sequences, temperature, top_p, stream, metadata } = request
  const user = metadata?.user_id
  return {
    ...chatPromptOf(request),
    max_completion_tokens: max_tokens,
    // OpenAI takes no empty list.
    ...(stop_sequences === undefined || stop_sequences.length === 0 ? {} : { stop: stop_sequences }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { top_p }),
    ...(stream === true ? { stream } : {}),
    ...(user == null ? {} : { user }),
  }
}

/** What the model is to read, without how it is to answer. @throws {AtpError} `invalid_request` */
export function chatPromptOf({
  model,
  system,
  messages,
  output_config,
  ...tools
}: CountTokensRequest): ChatBody {
  const { format, effort } = output_config ?? {}
  return {
    model,
    messages: chatMessagesOf(
      system as string | readonly Block[] | undefined,
      messages as readonly AnthropicMessage[],
    ),
    ...chatToolsOf(tools),
    ...(format == null ? {} : { response_format: { type: 'json_schema', json_schema: jsonSchema(format) } }),
    ...(effort == null ? {} : { reasoning_effort: effort }),
  }
}

function jsonSchema({ schema }: { readonly schema: object }) {
  return { name: 'answer', strict: true, schema }
}
