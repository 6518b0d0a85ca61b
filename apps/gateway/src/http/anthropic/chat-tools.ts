/** Anthropic's tools, and which of them may be used, as OpenAI's. Tools that Anthropic's own servers run are nobody else's. */
import type { MessagesRequest } from '../schemas/messages.ts'
import { cacheControl } from './content-parts.ts'
import { kindOf, requireOnly, untranslatable } from './untranslatable.ts'

type Tools = Pick<MessagesRequest, 'tools' | 'tool_choice'>

/** @throws {AtpError} `invalid_request` */
export function chatToolsOf({ tools, tool_choice }: Tools): Readonly<Record<string, unknown>> {
  return {
    ...(tools === undefined || tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...(tool_choice === undefined ? {} : choiceOf(tool_choice)),
  }
}

function toolOf(tool: object, index: number): unknown {
  const at = `tools[${index}]`
  const { type, name, description, input_schema, strict } = tool as Readonly<Record<string, unknown>>
  if (type != null && type !== 'custom') throw untranslatable(`${at}.type`, JSON.stringify(type), 'custom')
  requireOnly(tool, ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'], at)
  if (typeof name !== 'string') throw untranslatable(`${at}.name`, kindOf(name), 'a text')
  if (typeof input_schema !== 'object' || input_schema === null) {
    throw untranslatable(`${at}.input_schema`, kindOf(input_schema), 'a JSON Schema')
  }
  return {
    type: 'function',
    function: {
      name,
      ...(description == null ? {} : { description }),
      parameters: input_schema,
      ...(strict == null ? {} : { strict }),
    },
    ...cacheControl(tool as Readonly<Record<string, unknown>>),
  }
}

function choiceOf({ type, name, disable_parallel_tool_use }: NonNullable<Tools['tool_choice']>) {
  if ((type === 'tool') !== (name !== undefined)) {
    throw untranslatable(
      'tool_choice.name',
      name === undefined ? 'nothing' : 'a name',
      'a name with type tool only',
    )
  }
  return {
    tool_choice: type === 'tool' ? { type: 'function', function: { name } } : CHOICE[type],
    ...(disable_parallel_tool_use === true ? { parallel_tool_calls: false } : {}),
  }
}

const CHOICE = { auto: 'auto', any: 'required', none: 'none' } as const
