/** What a schema cannot say about `adapters`. A value that may hold a secret is never shown. */
import type { FieldProblem } from '../errors.ts'
import { kindProblems } from './adapter-kind-rules.ts'
import type { AdapterSchema } from './adapter-schema.ts'
import { FRAMING_HEADERS } from './header-rules.ts'

/** What a client says to leave the choice to the gateway. */
const AUTO = 'auto'

export function adapterProblems(adapters: readonly AdapterSchema[]): FieldProblem[] {
  const ids = repeated(adapters.map(({ id }) => id)).map(index => ({
    field: `adapters[${index}].id`,
    found: `${JSON.stringify(adapters[index]?.id)} once more`,
    allowed: 'an id that no other adapter has',
  }))
  const inside = adapters.flatMap((adapter, index) => {
    const at = `adapters[${index}]`
    return [
      ...kindProblems(adapter, at),
      ...urlProblems(adapter, at),
      ...headerProblems(adapter, at),
      ...modelProblems(adapter, at),
    ]
  })
  return [...ids, ...inside]
}

function urlProblems({ base_url }: AdapterSchema, at: string): FieldProblem[] {
  if (base_url === undefined) return []
  const { username, password } = new URL(base_url)
  if (username === '' && password === '') return []
  const allowed = 'a URL without them; the key belongs into api_key'
  return [{ field: `${at}.base_url`, found: 'a user name or password', allowed }]
}

function headerProblems({ headers = {} }: AdapterSchema, at: string): FieldProblem[] {
  return Object.keys(headers)
    .filter(name => FRAMING_HEADERS.has(name.toLowerCase()))
    .map(name => ({
      field: `${at}.headers.${name}`,
      found: 'a header that frames the message',
      allowed: `headers other than ${[...FRAMING_HEADERS].join(', ')}`,
    }))
}

function modelProblems({ models }: AdapterSchema, at: string): FieldProblem[] {
  const names = models.map(({ name }) => name)
  const twice = repeated(names).map(model => ({
    field: `${at}.models[${model}].name`,
    found: `${JSON.stringify(names[model])} once more`,
    allowed: 'a name that no other model of the adapter has',
  }))
  const reserved = [...names.keys()]
    .filter(model => names[model] === AUTO)
    .map(model => ({
      field: `${at}.models[${model}].name`,
      found: JSON.stringify(AUTO),
      allowed: 'another name: by this one a client leaves the choice to the gateway',
    }))
  return [...twice, ...reserved]
}

/** Where a value stands that has stood before. */
function repeated(values: readonly string[]): number[] {
  return [...values.keys()].filter(index => values.indexOf(values[index] ?? '') < index)
}
