/** A document with its keys in the order of its schema, however they were written. */
import type { WalkedSchema } from './environment-names.ts'

export function inSchemaOrder(value: unknown, schema: WalkedSchema): unknown {
  if (Array.isArray(value))
    return schema.items ? value.map(item => inSchemaOrder(item, schema.items ?? {})) : value
  const { properties } = schema
  if (!properties) return value
  const written = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([key]) => written[key] !== undefined)
      .map(([key, inner]) => [key, inSchemaOrder(written[key], inner)]),
  )
}
