/** `tools` and `tool_choice`: functions with a JSON schema, and which of them must be called. */
import type { JSONSchema7, LanguageModelV4FunctionTool, LanguageModelV4ToolChoice } from '@ai-sdk/provider'
import { refuseOtherKeys } from './accepted-fields.ts'
import { cacheControlIn } from './cache-control.ts'
import type { Kind } from './kind.ts'
import { described, named, type Unsupported } from './unsupported.ts'

export function toolsOf(
  tools: unknown,
  kind: Kind,
  unsupported: Unsupported,
): LanguageModelV4FunctionTool[] | undefined {
  if (!Array.isArray(tools) || tools.length === 0) return undefined
  return tools.flatMap((tool, index) => toolOf(tool, `tools[${index}]`, kind, unsupported) ?? [])
}

function toolOf(
  tool: Readonly<Record<string, unknown>>,
  at: string,
  kind: Kind,
  unsupported: Unsupported,
): LanguageModelV4FunctionTool | null {
  const declared = tool.function
  if (tool.type !== 'function' || typeof declared !== 'object' || declared === null) {
    unsupported.add(`${at}.type`, named(tool.type), 'function')
    return null
  }
  refuseOtherKeys(tool, at, ['type', 'function', 'cache_control'], unsupported)
  refuseOtherKeys(declared, `${at}.function`, ['name', 'description', 'parameters', 'strict'], unsupported)
  const { name, description, parameters, strict } = declared as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || name === '') {
    unsupported.add(`${at}.function.name`, described(name), 'a name')
    return null
  }
  if (strict === true && !kind.strictTools) {
    unsupported.add(`${at}.function.strict`, 'true', 'false: this upstream does not hold a model to a schema')
  }
  const cached = cacheControlIn(tool, at, kind.cachesTools ? kind.cache : null, unsupported)
  return {
    type: 'function',
    name,
    ...(typeof description === 'string' ? { description } : {}),
    inputSchema: (parameters ?? NO_PARAMETERS) as JSONSchema7,
    ...(strict === true ? { strict } : {}),
    ...(cached === null ? {} : { providerOptions: cached }),
  }
}

const NO_PARAMETERS: JSONSchema7 = { type: 'object', properties: {} }

export function toolChoiceOf(
  choice: unknown,
  tools: unknown,
  unsupported: Unsupported,
): LanguageModelV4ToolChoice | undefined {
  if (choice == null) return undefined
  const hasTools = Array.isArray(tools) && tools.length > 0
  if (choice === 'none' || choice === 'auto') return hasTools ? { type: choice } : undefined
  if (!hasTools) unsupported.add('tool_choice', named(choice), 'none or auto, as long as there are no tools')
  if (choice === 'required') return { type: 'required' }
  const { type, function: chosen } = choice as {
    readonly type?: unknown
    readonly function?: { readonly name?: unknown } | null
  }
  if (type === 'function' && typeof chosen?.name === 'string') return { type: 'tool', toolName: chosen.name }
  const found = typeof choice === 'object' ? `the type ${named(type)}` : named(choice)
  unsupported.add('tool_choice', found, 'none, auto, required, or one function by its name')
  return undefined
}
