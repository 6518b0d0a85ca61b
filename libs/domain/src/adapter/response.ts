/** OpenAI's Responses, which pass through to the models of upstreams that speak them. */
import type { Usage } from '../observation/observation.ts'
import type { CompletionStream, ProviderCall } from './provider.ts'

/** A request: the fields that we read, the rest passed through. */
export interface ResponseBody {
  readonly model: string
  readonly input?: unknown
  readonly instructions?: unknown
  readonly tools?: unknown
  readonly text?: unknown
  readonly stream?: boolean | null
  readonly max_output_tokens?: number | null
  readonly [field: string]: unknown
}

/** A whole answer: the upstream's own bytes. */
export interface ResponseAnswer {
  readonly contentType: string
  readonly bytes: Buffer
  readonly usage: Usage
}

/** As for chats, with the same failures. */
export interface Responses {
  complete(call: ProviderCall<ResponseBody>): Promise<ResponseAnswer>
  stream(call: ProviderCall<ResponseBody>): Promise<CompletionStream>
}

export interface ResponsePrompt {
  readonly texts: readonly string[]
  /** Images and files, which are no text. */
  readonly attachments: number
}

/** What the model reads of a request. Its input has many shapes, and gets more: every text in it counts. */
export function responsePromptOf({ input, instructions, tools, text }: ResponseBody): ResponsePrompt {
  const texts: string[] = []
  let attachments = 0
  const read = (value: unknown): void => {
    if (typeof value === 'string') {
      if (value.startsWith('data:')) attachments += 1
      else texts.push(value)
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(read)
  }
  read([instructions, input])
  for (const beside of [tools, text]) if (beside != null) texts.push(JSON.stringify(beside))
  return { texts, attachments }
}
