/** The command line and the configuration file of the simulated provider. Flags win over the file. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { CATALOGUE } from './catalogue.ts'
import type { Faults } from './faults.ts'
import type { SimulatedProviderOptions } from './simulated-provider.ts'

export const HELP = `simulated-provider: upstream accounts that answer in OpenAI's wire format, for tests and demos.
Its answers are canned and marked as simulated; quality, price and latency differ by model and kind of prompt.

  --port N            port; 0 is a free one (default)
  --host ADDRESS      default 127.0.0.1
  --seed N            the same seed gives the same answers (default 1)
  --time-scale X      multiplies every latency; 0 answers at once (default 1)
  --api-key KEY       refuse requests that do not bear it
  --config FILE       YAML or JSON with these options in snake_case, and faults under accounts: and models:
  --fault NAME.FAULT=VALUE   for a model or an account, may be repeated:
                      --fault sim-mini.error_rate=0.2  --fault beta.stall_rate=1
                      --fault sim-large.drift.after_s=30  --fault sim-large.drift.quality_shift=-0.5
  --instant           a fixed answer at once, whatever is asked: an upstream for load benchmarks
  --help              this text

Models: ${CATALOGUE.map(({ account, name }) => `${account}/${name}`).join(', ')}
Base URLs: http://HOST:PORT/alpha/v1 and .../beta/v1 (one account each), .../v1 (all models)
Faults: error_rate, error_status, rate_limit_rate, retry_after_s, stall_rate, stall_stream_after, cut_stream_after,
  malformed_after, stream_fault_rate, latency_factor, token_time_factor, usage (right | wrong | zero | none),
  drift: { after_s | after_requests, quality_shift, latency_factor, price_factor }
At run time: GET /control, GET /control/stats, PUT /control/models/NAME and PUT /control/accounts/NAME with the faults
  as JSON; they replace the ones before, {} heals.
`

/**
 * @returns null where help is asked for
 * @throws {TypeError} on an option that is not known or not valid
 */
export function parseOptions(argv: readonly string[]): SimulatedProviderOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      seed: { type: 'string' },
      'time-scale': { type: 'string' },
      'api-key': { type: 'string' },
      config: { type: 'string' },
      fault: { type: 'string', multiple: true },
      instant: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return null
  const file = values.config === undefined ? {} : readConfig(values.config)
  const settings = {
    ...file,
    ...number('port', values.port),
    ...number('seed', values.seed),
    ...number('time_scale', values['time-scale']),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values['api-key'] === undefined ? {} : { api_key: values['api-key'] }),
    ...(values.instant === undefined ? {} : { instant: values.instant }),
  }
  const { time_scale, api_key, ...rest } = checkSettings(withFaults(settings, values.fault ?? []), 'options')
  return {
    ...rest,
    ...(time_scale === undefined ? {} : { timeScale: time_scale }),
    ...(api_key === undefined ? {} : { apiKey: api_key }),
  }
}

const FaultsByName = Type.Record(Type.String(), Type.Unsafe<Faults>(Type.Object({})))

const SettingsSchema = Type.Object(
  {
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    host: Type.Optional(Type.String({ minLength: 1 })),
    seed: Type.Optional(Type.Integer()),
    time_scale: Type.Optional(Type.Number({ minimum: 0 })),
    api_key: Type.Optional(Type.String({ minLength: 1 })),
    instant: Type.Optional(Type.Boolean()),
    accounts: Type.Optional(FaultsByName),
    models: Type.Optional(FaultsByName),
  },
  { additionalProperties: false },
)
type Settings = Type.Static<typeof SettingsSchema>

function readConfig(path: string): Settings {
  return checkSettings(parse(readFileSync(path, 'utf8')) ?? {}, path)
}

/** What the faults themselves say is checked when they are set. */
function checkSettings(value: unknown, where: string): Settings {
  if (Value.Check(SettingsSchema, value)) return value
  const [error] = Value.Errors(SettingsSchema, value)
  const field = error?.instancePath.slice(1).replaceAll('/', '.')
  throw new TypeError(
    error?.keyword === 'boolean'
      ? `${where}: ${field} is none of ${Object.keys(SettingsSchema.properties).join(', ')}`
      : `${where}: ${field} ${error?.message}`,
  )
}

function number(name: string, text: string | undefined): Record<string, number> {
  return text === undefined ? {} : { [name]: text.trim() === '' ? Number.NaN : Number(text) }
}

type FaultTree = { [name: string]: FaultTree | unknown }

/** `sim-mini.drift.after_s=30` goes to its place; a value is YAML, so that numbers are numbers. */
function withFaults(settings: Settings, flags: readonly string[]): Settings {
  const tree: Record<'accounts' | 'models', FaultTree> = {
    accounts: structuredClone(settings.accounts ?? {}),
    models: structuredClone(settings.models ?? {}),
  }
  for (const flag of flags) {
    const [, target, path, value] = /^([^.=]+)\.([^=]+)=(.*)$/.exec(flag) ?? []
    if (target === undefined || path === undefined || value === undefined) {
      throw new TypeError(`--fault ${flag}: expected NAME.FAULT=VALUE, for instance sim-mini.error_rate=0.2`)
    }
    const isModel = CATALOGUE.some(({ name }) => name === target)
    const steps = [target, ...path.split('.')]
    const last = steps.pop() as string
    let node: FaultTree = isModel ? tree.models : tree.accounts
    for (const step of steps) {
      node[step] ??= {}
      node = node[step] as FaultTree
    }
    node[last] = parse(value)
  }
  return { ...settings, ...(tree as Pick<Settings, 'accounts' | 'models'>) }
}
