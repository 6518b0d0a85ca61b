/** `response_format`: text, JSON, or JSON of a schema. */
import type { JSONSchema7, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import { refuseOtherKeys } from './accepted-fields.ts'
import { described, named, type Unsupported } from './unsupported.ts'

type ResponseFormat = LanguageModelV4CallOptions['responseFormat']

export function responseFormatOf(format: unknown, unsupported: Unsupported): ResponseFormat {
  if (format == null) return undefined
  const { type, json_schema } = format as { readonly type?: unknown; readonly json_schema?: unknown }
  if (type === 'text') return undefined
  if (type === 'json_object') return { type: 'json' }
  if (type !== 'json_schema') {
    unsupported.add('response_format.type', named(type), 'text, json_object or json_schema')
    return undefined
  }
  if (typeof json_schema !== 'object' || json_schema === null) {
    unsupported.add('response_format.json_schema', described(json_schema), 'an object with a schema')
    return undefined
  }
  // `strict` is what every kind does with a schema anyway.
  refuseOtherKeys(
    json_schema,
    'response_format.json_schema',
    ['name', 'description', 'schema', 'strict'],
    unsupported,
  )
  const { name, description, schema } = json_schema as Readonly<Record<string, unknown>>
  return {
    type: 'json',
    ...(typeof schema === 'object' && schema !== null ? { schema: schema as JSONSchema7 } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  }
}
