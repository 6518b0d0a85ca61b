/** Which keys each kind of adapter needs, and which mean nothing to it. */
import type { FieldProblem } from '../errors.ts'
import type { AdapterSchema } from './adapter-schema.ts'

/** What calls to AWS are made with, in place of a key. */
const SIGNING = ['access_key_id', 'secret_access_key', 'session_token'] as const

export function kindProblems(adapter: AdapterSchema, at: string): FieldProblem[] {
  return [...responsesProblems(adapter, at), ...accessProblems(adapter, at)]
}

function responsesProblems({ kind, responses }: AdapterSchema, at: string): FieldProblem[] {
  if (!responses || kind === 'openai-compatible') return []
  return [{ field: `${at}.responses`, found: 'true', allowed: `false: ${kind} does not speak them` }]
}

function accessProblems(adapter: AdapterSchema, at: string): FieldProblem[] {
  const { kind } = adapter
  if (kind === 'bedrock') return [...queryProblems(adapter, at), ...bedrockProblems(adapter, at)]
  const foreign = (['region', ...SIGNING] as const)
    .filter(key => adapter[key] !== undefined)
    .map(key => ({
      field: `${at}.${key}`,
      found: 'a value',
      allowed: `nothing: only bedrock has it, not ${kind}`,
    }))
  const needed =
    kind === 'openai-compatible'
      ? missing(adapter, at, 'base_url', addressWanted(adapter))
      : [
          ...missing(adapter, at, 'api_key', `where the key is: the kind ${kind} needs one`),
          ...queryProblems(adapter, at),
        ]
  return [...foreign, ...needed]
}

function addressWanted({ preset }: AdapterSchema): string {
  const address = 'the address of the upstream, up to /chat/completions'
  return preset === undefined
    ? `${address}, or a preset that has one`
    : `${address}: with the preset ${preset} each account has its own`
}

function bedrockProblems(adapter: AdapterSchema, at: string): FieldProblem[] {
  const signing = SIGNING.filter(key => adapter[key] !== undefined)
  const region = missing(adapter, at, 'region', 'an AWS region, such as eu-central-1')
  if (adapter.api_key !== undefined) {
    return [
      ...region,
      ...signing.map(key => ({
        field: `${at}.${key}`,
        found: 'a value, beside api_key',
        allowed: 'either api_key or access_key_id with secret_access_key',
      })),
    ]
  }
  if (signing.length === 0) {
    return [...region, ...missing(adapter, at, 'api_key', 'api_key, or access_key_id and secret_access_key')]
  }
  return [
    ...region,
    ...missing(adapter, at, 'access_key_id', 'where the id of the AWS key is'),
    ...missing(adapter, at, 'secret_access_key', 'where the secret of the AWS key is'),
  ]
}

function missing(
  adapter: AdapterSchema,
  at: string,
  key: keyof AdapterSchema,
  allowed: string,
): FieldProblem[] {
  return adapter[key] === undefined ? [{ field: `${at}.${key}`, found: 'nothing', allowed }] : []
}

/** A kind that makes its own addresses has no place for it. */
function queryProblems({ base_url }: AdapterSchema, at: string): FieldProblem[] {
  if (base_url === undefined || new URL(base_url).search === '') return []
  const allowed = 'an address without one; only openai-compatible keeps it'
  return [{ field: `${at}.base_url`, found: 'an address with a query', allowed }]
}
