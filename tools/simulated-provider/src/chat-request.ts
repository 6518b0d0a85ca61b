/** What is read of a chat completion request; what is wrong with it is said as OpenAI says it. */
import { OpenAiError } from './openai-error.ts'

export interface ToolFunction {
  readonly name: string
  readonly parameters: unknown
}

export interface ChatRequest {
  readonly model: string
  /** The texts of all messages, in order. */
  readonly texts: readonly string[]
  /** The text of the last user message. */
  readonly prompt: string
  readonly lastRole: string
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly maxTokens: number
  readonly tools: readonly ToolFunction[]
  /** A name forces that tool, `required` any one. */
  readonly toolChoice: 'none' | 'auto' | 'required' | { readonly name: string }
  readonly format: 'text' | 'json_object' | { readonly schema: unknown }
}

type Fields = Readonly<Record<string, unknown>>

/** @throws {OpenAiError} 400 */
export function parseChatRequest(bytes: Buffer): ChatRequest {
  const body = parseJson(bytes)
  const messages = requireMessages(body.messages)
  if (typeof body.model !== 'string') throw wrongType('model', 'a string', body.model)
  if (body.n != null && body.n !== 1) throw invalid('n', 'This simulator gives one choice: n must be 1.')
  return {
    model: body.model,
    texts: messages.map(textOf),
    prompt: textOf(messages.findLast(({ role }) => role === 'user') ?? {}),
    lastRole: String(messages.at(-1)?.role),
    stream: body.stream === true,
    includeUsage: fieldsOf(body.stream_options).include_usage === true,
    maxTokens: limitOf(body),
    tools: toolsOf(body.tools),
    toolChoice: toolChoiceOf(body),
    format: formatOf(body.response_format),
  }
}

export function parseJson(bytes: Buffer): Fields {
  try {
    const body: unknown = JSON.parse(bytes.toString())
    if (isFields(body)) return body
  } catch {
    // One message for what is no JSON and for JSON that is no object, as OpenAI has it.
  }
  throw new OpenAiError(400, 'We could not parse the JSON body of your request.')
}

function requireMessages(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) throw wrongType('messages', 'an array of objects', value)
  if (value.length === 0) {
    throw invalid(
      'messages',
      "Invalid 'messages': empty array. Expected an array with minimum length 1.",
      'empty_array',
    )
  }
  for (const [index, message] of value.entries()) {
    if (!isFields(message)) throw wrongType(`messages[${index}]`, 'an object', message)
    const { role } = message
    if (typeof role !== 'string') throw wrongType(`messages[${index}].role`, 'a string', role)
  }
  return value as readonly Fields[]
}

function textOf(message: Fields): string {
  const { content } = message
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map(part => fieldsOf(part).text)
    .filter(text => typeof text === 'string')
    .join('\n')
}

function limitOf(body: Fields): number {
  for (const field of ['max_completion_tokens', 'max_tokens']) {
    const limit = body[field]
    if (limit == null) continue
    if (typeof limit !== 'number' || !Number.isInteger(limit)) throw wrongType(field, 'an integer', limit)
    if (limit < 1)
      throw invalid(field, `Invalid '${field}': expected a value >= 1, but got ${limit} instead.`)
    return limit
  }
  return Number.POSITIVE_INFINITY
}

function toolsOf(value: unknown): readonly ToolFunction[] {
  if (value == null) return []
  if (!Array.isArray(value)) throw wrongType('tools', 'an array of objects', value)
  return value.map((tool, index) => {
    const { name, parameters } = fieldsOf(fieldsOf(tool).function)
    if (typeof name !== 'string') throw wrongType(`tools[${index}].function.name`, 'a string', name)
    return { name, parameters }
  })
}

function toolChoiceOf(body: Fields): ChatRequest['toolChoice'] {
  const choice = body.tool_choice
  if (choice == null) return 'auto'
  if (choice === 'none' || choice === 'auto' || choice === 'required') return choice
  const { name } = fieldsOf(fieldsOf(choice).function)
  if (typeof name !== 'string')
    throw wrongType('tool_choice', "'none', 'auto', 'required' or a function", choice)
  if (toolsOf(body.tools).some(tool => tool.name === name)) return { name }
  throw invalid(
    'tool_choice',
    `Invalid value for 'tool_choice': '${name}' does not match any of the specified 'tools'.`,
  )
}

function formatOf(value: unknown): ChatRequest['format'] {
  if (value == null) return 'text'
  const { type, json_schema } = fieldsOf(value)
  if (type === 'text' || type === 'json_object') return type
  if (type === 'json_schema') return { schema: fieldsOf(json_schema).schema ?? {} }
  throw invalid(
    'response_format.type',
    `Invalid value: '${type}'. Supported values are: 'json_object', 'json_schema', and 'text'.`,
    'invalid_value',
  )
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function wrongType(param: string, expected: string, found: unknown): OpenAiError {
  if (found === undefined) {
    const message = `Missing required parameter: '${param}'.`
    return new OpenAiError(400, message, { param, code: 'missing_required_parameter' })
  }
  const kind = found === null ? 'null' : Array.isArray(found) ? 'array' : typeof found
  return invalid(
    param,
    `Invalid type for '${param}': expected ${expected}, but got ${kind} instead.`,
    'invalid_type',
  )
}

export function invalid(param: string, message: string, code = 'invalid_value'): OpenAiError {
  return new OpenAiError(400, message, { param, code })
}
