/** From ajv's errors to what a person can act on: where, what was found, what is allowed. Never a secret's value. */
import type { ErrorObject } from 'ajv'
import type { FieldProblem } from './errors.ts'
import { nearest } from './nearest.ts'
import { allowedBy, foundValue, oneOf, type SchemaWords } from './schema-words.ts'

interface ParentSchema extends SchemaWords {
  readonly properties?: Readonly<Record<string, SchemaWords>>
  readonly patternProperties?: Readonly<Record<string, unknown>>
}

/**
 * One problem a field, in ajv's order. The validator must be compiled with `verbose`;
 * `allErrors` brings every problem instead of the first, and is for trusted input only: a request could make millions.
 * @param whole what the validated value is called, where the value as a whole is the problem
 */
export function schemaProblems(errors: readonly ErrorObject[], whole = 'body'): FieldProblem[] {
  const problems = withoutFailedBranches(errors).map(error => problemOf(error, whole))
  const known = new Set<string>()
  return problems.filter(({ field }) => !known.has(field) && known.add(field))
}

function problemOf(error: ErrorObject, whole: string): FieldProblem {
  const schema = (error.parentSchema ?? {}) as ParentSchema
  const steps = stepsOf(error.instancePath)
  const { additionalProperty, unevaluatedProperty, missingProperty } = error.params
  const unknown: unknown = additionalProperty ?? unevaluatedProperty
  if (typeof unknown === 'string') {
    return {
      field: fieldOf([...steps, unknown]),
      found: 'an unknown key',
      allowed: knownKeys(unknown, schema),
    }
  }
  if (typeof missingProperty === 'string') {
    const wanted = schema.properties?.[missingProperty]
    return {
      field: fieldOf([...steps, missingProperty]),
      found: 'nothing',
      allowed: wanted ? allowedBy(wanted) : 'any value',
    }
  }
  return {
    field: fieldOf(steps) || whole,
    found: foundValue(error.data, steps.at(-1) ?? whole, schema),
    allowed: allowedBy(schema),
  }
}

function knownKeys(unknown: string, { properties = {}, patternProperties = {} }: ParentSchema): string {
  const [pattern] = Object.keys(patternProperties)
  if (pattern !== undefined) return `keys that match ${pattern}`
  const known = Object.keys(properties)
  if (known.length === 0) return 'no keys'
  const meant = nearest(unknown, known)
  return meant === undefined ? oneOf(known) : `${oneOf(known)} (did you mean ${meant}?)`
}

/**
 * A value that fits no branch of a union fails in every branch, and once more as a whole. Where one branch alone has the
 * right type, what is wrong inside it is the useful answer; otherwise the union as a whole is.
 */
function withoutFailedBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let kept = errors
  for (const union of errors) {
    if (union.keyword !== 'anyOf' && union.keyword !== 'oneOf') continue
    const branches = Map.groupBy(
      kept.filter(error => error.schemaPath.startsWith(`${union.schemaPath}/`)),
      error => error.schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0],
    )
    const fitting = [...branches.values()].filter(branch =>
      branch.every(error => !isOfWrongKind(error, union)),
    )
    const [inside] = fitting
    const useful = fitting.length === 1 && inside ? inside : [union]
    const replaced = new Set([union, ...[...branches.values()].flat()])
    kept = [...kept.filter(error => !replaced.has(error)), ...useful]
  }
  return kept
}

function isOfWrongKind(error: ErrorObject, union: ErrorObject): boolean {
  return error.instancePath === union.instancePath && ['type', 'enum', 'const'].includes(error.keyword)
}

function stepsOf(jsonPointer: string): string[] {
  return jsonPointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function fieldOf(steps: readonly string[]): string {
  return steps
    .map((step, depth) => (/^\d+$/.test(step) ? `[${step}]` : depth === 0 ? step : `.${step}`))
    .join('')
}
