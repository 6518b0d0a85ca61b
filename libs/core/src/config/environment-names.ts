/** Which key an environment variable names: `ATP_ADAPTERS_0_BASE_URL` is `adapters[0].base_url`. */
import type { Path } from './path.ts'

export const PREFIX = 'ATP_'

/** What is needed of a JSON Schema to walk it. */
export interface WalkedSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, WalkedSchema>>
  readonly items?: WalkedSchema
}

export interface NamedKey {
  readonly path: Path
  readonly schema: WalkedSchema
}

/** The variable's name of a key. */
export function environmentName(path: Path): string {
  return PREFIX + path.join('_').toUpperCase()
}

/** Keys contain underscores themselves, so the schema is walked, and each way that fits is tried. */
export function keyNamed(variable: string, schema: WalkedSchema): NamedKey | undefined {
  if (!variable.startsWith(PREFIX) || variable !== variable.toUpperCase()) return undefined
  return walk(variable.slice(PREFIX.length).toLowerCase(), schema, [])
}

function walk(name: string, schema: WalkedSchema, path: Path): NamedKey | undefined {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    if (name === key) return { path: [...path, key], schema: inner }
    if (!name.startsWith(`${key}_`)) continue
    const found = walk(name.slice(key.length + 1), inner, [...path, key])
    if (found) return found
  }
  // At most four digits: an index is no reason to make a list of a million empty entries.
  const [whole, index, rest] = /^(0|[1-9]\d{0,3})(?:_(.+))?$/.exec(name) ?? []
  if (whole === undefined || !schema.items) return undefined
  const element = [...path, Number(index)]
  return rest === undefined ? { path: element, schema: schema.items } : walk(rest, schema.items, element)
}

/** Every key that a variable can name, lists by their first element: what a misspelt one may have meant. */
export function* everyName(schema: WalkedSchema, path: Path = []): Generator<string> {
  if (path.length > 0) yield environmentName(path)
  for (const [key, inner] of Object.entries(schema.properties ?? {})) yield* everyName(inner, [...path, key])
  if (schema.items) yield* everyName(schema.items, [...path, 0])
}
