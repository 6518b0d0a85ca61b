/** The JSON Schema of the configuration file, for editors: what has a default need not be written. */
import { pathText } from './path.ts'
import { ConfigSchema } from './schema.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

export function configJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'ATP Gateway configuration',
    description: 'The configuration file of ATP Gateway. Each key can also be set by the environment.',
    ...forEditors(JSON.parse(JSON.stringify(ConfigSchema)), []),
  }
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly default?: unknown
}

function forEditors(
  { required, properties, items, ...rest }: SchemaNode,
  path: readonly string[],
): JsonSchema {
  const title = path.length === 0 ? {} : { title: pathText(path) }
  const needed = required?.filter(key => properties?.[key]?.default === undefined) ?? []
  return {
    ...title,
    ...rest,
    ...(needed.length === 0 ? {} : { required: needed }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, inner]) => [key, forEditors(inner, [...path, key])]),
      ),
    }),
    ...(items && { items: forEditors(items, path) }),
  }
}
