/** A value that satisfies a JSON Schema as OpenAI's structured outputs allow them: what a tool call's arguments and a JSON answer are made of. */

type Schema = Readonly<Record<string, unknown>>

/** Optional parts and list items end here, so that recursive schemas do. */
const DEEPEST = 4

export function instanceOf(schema: unknown): unknown {
  return build(schemaOf(schema), schemaOf(schema), 0)
}

function build(schema: Schema, root: Schema, depth: number): unknown {
  if (typeof schema.$ref === 'string') return build(resolve(schema.$ref, root), root, depth + 1)
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const alternatives = schema.anyOf ?? schema.oneOf
  if (Array.isArray(alternatives)) return build(choose(alternatives.map(schemaOf), depth), root, depth)
  switch (typeOf(schema, depth)) {
    case 'object':
      return buildObject(schema, root, depth)
    case 'array':
      return buildArray(schema, root, depth)
    case 'string':
      return buildString(schema)
    case 'integer':
    case 'number':
      return buildNumber(schema)
    case 'boolean':
      return true
    default:
      return null
  }
}

function buildObject(schema: Schema, root: Schema, depth: number): Record<string, unknown> {
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const built: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schemaOf(schema.properties))) {
    if (depth < DEEPEST || required.has(name)) built[name] = build(schemaOf(property), root, depth + 1)
  }
  return built
}

function buildArray(schema: Schema, root: Schema, depth: number): unknown[] {
  const least = Number(schema.minItems ?? 0)
  const length = depth < DEEPEST ? Math.max(1, least) : least
  return Array.from({ length }, () => build(schemaOf(schema.items), root, depth + 1))
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-15T09:30:00Z',
  date: '2026-01-15',
  time: '09:30:00Z',
  email: 'someone@example.com',
  uuid: '018f3a6e-0000-7000-8000-000000000000',
}

function buildString(schema: Schema): string {
  const text = FORMATS[String(schema.format)] ?? 'simulated'
  const most = Number(schema.maxLength ?? Number.POSITIVE_INFINITY)
  return text.padEnd(Number(schema.minLength ?? 0), '.').slice(0, most)
}

function buildNumber(schema: Schema): number {
  const { minimum, maximum, exclusiveMinimum, multipleOf } = schema
  const step = typeof multipleOf === 'number' ? multipleOf : 1
  const lowest =
    typeof minimum === 'number'
      ? minimum
      : typeof exclusiveMinimum === 'number'
        ? exclusiveMinimum + step
        : step
  const value = Math.ceil(lowest / step) * step
  return typeof maximum === 'number' && value > maximum ? maximum : value
}

/** A union may hold `null`: it is the way out of a recursion. */
function typeOf(schema: Schema, depth: number): unknown {
  const { type } = schema
  if (Array.isArray(type)) return depth >= DEEPEST && type.includes('null') ? 'null' : type[0]
  return type ?? ('properties' in schema ? 'object' : 'null')
}

function choose(alternatives: readonly Schema[], depth: number): Schema {
  const wayOut = depth >= DEEPEST ? alternatives.find(({ type }) => type === 'null') : undefined
  return wayOut ?? alternatives[0] ?? {}
}

/** `#` and `#/$defs/name`. */
function resolve(reference: string, root: Schema): Schema {
  const steps = reference.split('/').slice(1)
  return steps.reduce((schema, step) => schemaOf(schema[step]), root)
}

function schemaOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {}
}
