/** Says in words what a JSON Schema allows, and what a value is: for people who got it wrong. */
import { isSecretName, REDACTED, redactText } from './redaction.ts'

/** The part of JSON Schema that we put into words. */
export interface SchemaWords {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly SchemaWords[]
  readonly oneOf?: readonly SchemaWords[]
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  /** JSON Schema's mark for what goes in and is never shown again: a secret. */
  readonly writeOnly?: boolean
}

const LONGEST_FOUND = 80

/** What a schema allows: "an integer from 0 to 65535", "one of process, power". */
export function allowedBy(schema: SchemaWords): string {
  if (schema.enum) return oneOf(schema.enum.map(plain))
  if (schema.const !== undefined) return plain(schema.const)
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return [...new Set(branches.map(allowedBy))].join(', or ')
  switch (schema.type) {
    case 'string':
      return aString(schema)
    case 'integer':
      return aNumber('an integer', schema)
    case 'number':
      return aNumber('a number', schema)
    case 'boolean':
      return 'true or false'
    case 'array':
      return aList(schema)
    case 'object':
      return 'an object'
    case 'null':
      return 'null'
    default:
      return 'another value'
  }
}

/** What was found, short, and without a secret: `name` is what the value is called. */
export function foundValue(value: unknown, name: string, schema: SchemaWords = {}): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (schema.writeOnly === true || isSecretName(name)) return REDACTED
  const text = redactText(JSON.stringify(value))
  return text.length <= LONGEST_FOUND
    ? text
    : `${text.slice(0, LONGEST_FOUND)}... (${text.length} characters)`
}

export function oneOf(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `one of ${names.join(', ')}`
}

function aString({ examples, pattern, format, minLength = 0, maxLength }: SchemaWords): string {
  if (examples) return `a string such as ${examples.map(plain).join(', ')}`
  if (pattern !== undefined) return `a string that matches ${pattern}`
  if (format !== undefined) return `a string of the format ${format}`
  const length = range(minLength > 0 ? minLength : undefined, maxLength, 'characters')
  return length === '' ? 'a string' : `a string of ${length}`
}

function aNumber(
  noun: string,
  { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaWords,
): string {
  if (minimum !== undefined && maximum !== undefined) return `${noun} from ${minimum} to ${maximum}`
  const bounds = [
    minimum === undefined ? '' : `of at least ${minimum}`,
    exclusiveMinimum === undefined ? '' : `greater than ${exclusiveMinimum}`,
    maximum === undefined ? '' : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? '' : `less than ${exclusiveMaximum}`,
  ].filter(bound => bound !== '')
  return [noun, bounds.join(' and ')].join(' ').trimEnd()
}

function aList({ minItems, maxItems, uniqueItems }: SchemaWords): string {
  const length = range(minItems, maxItems, 'items')
  return ['a list', length === '' ? '' : `of ${length}`, uniqueItems ? 'without repetitions' : '']
    .filter(part => part !== '')
    .join(' ')
}

function range(least: number | undefined, most: number | undefined, noun: string): string {
  if (least !== undefined && most !== undefined) return `${least} to ${most} ${noun}`
  if (least !== undefined) return `at least ${least} ${least === 1 ? noun.slice(0, -1) : noun}`
  return most === undefined ? '' : `at most ${most} ${noun}`
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
