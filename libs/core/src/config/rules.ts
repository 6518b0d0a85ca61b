/** What a schema cannot say about a configuration that has the right shape. */
import { isIPv4 } from 'node:net'
import type { FieldProblem } from '../errors.ts'
import { adapterProblems } from './adapter-rules.ts'
import { parseDuration } from './duration.ts'
import type { WrittenConfig } from './schema.ts'
import { secretProblems } from './secret-rules.ts'
import { shutdownProblems } from './shutdown-windows.ts'

/** Beyond 2^31 - 1 ms a timer of Node's fires at once. */
const LONGEST_TIMER_DAYS = 24

export function ruleProblems(config: WrittenConfig): FieldProblem[] {
  return [
    ...hostProblems(config),
    ...durabilityProblems(config),
    ...timerProblems(config),
    ...embeddingProblems(config),
    ...adapterProblems(config.adapters),
    ...ownAddressProblems(config),
    ...secretProblems(config),
    ...shutdownProblems(config),
  ]
}

function hostProblems({ server, auth }: WrittenConfig): FieldProblem[] {
  if (auth.enabled || isLoopback(server.host)) return []
  const allowed =
    'a loopback address (127.0.0.1, ::1 or localhost) as long as auth.enabled is false: anybody who reaches the gateway could spend'
  return [{ field: 'server.host', found: JSON.stringify(server.host), allowed }]
}

/** A request would go round and round: llama.cpp, say, listens by default where the gateway does. */
function ownAddressProblems({ server, adapters }: WrittenConfig): FieldProblem[] {
  const { host, port: own } = server
  const isHere = (name: string): boolean =>
    name === host || (isLoopback(name) && (isLoopback(host) || isWildcard(host)))
  if (own === 0) return []
  return [...adapters.entries()].flatMap(([index, { base_url }]) => {
    const { hostname, port } = new URL(base_url ?? 'http://nowhere')
    if (Number(port) !== own || !isHere(hostname.replace(/^\[|\]$/g, ''))) return []
    const found = `${JSON.stringify(base_url)}, where the gateway itself listens`
    return [
      { field: `adapters[${index}].base_url`, found, allowed: 'another address, or another server.port' },
    ]
  })
}

function durabilityProblems({ data, database }: WrittenConfig): FieldProblem[] {
  if (data.durability !== 'database' || database.url !== undefined) return []
  const allowed = 'off, process or power, as long as there is no database.url (DATABASE_URL)'
  return [{ field: 'data.durability', found: JSON.stringify(data.durability), allowed }]
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function embeddingProblems({ routing, adapters }: WrittenConfig): FieldProblem[] {
  const { model } = routing.embedding
  // Prompts are embedded by OpenAI's format alone.
  const able = adapters.filter(({ kind }) => kind === 'openai-compatible')
  if (model === undefined || able.some(({ id }) => model.startsWith(`${id}/`))) return []
  const known = able.map(({ id }) => `${id}/...`).join(', ')
  const allowed =
    known === ''
      ? 'a model of an openai-compatible adapter; none is configured'
      : `a model of an openai-compatible adapter: ${known}`
  return [{ field: 'routing.embedding.model', found: JSON.stringify(model), allowed }]
}

function timerProblems({
  server,
  secrets,
  websocket,
  data,
  redis,
  limits,
  routing,
  breaker,
  upstream,
  streams,
  observation,
  shutdown,
}: WrittenConfig): FieldProblem[] {
  const timers: Readonly<Record<string, string>> = {
    'server.request_timeout': server.request_timeout,
    'server.write_timeout': server.write_timeout,
    'secrets.ttl': secrets.ttl,
    ...(secrets.vault === undefined ? {} : { 'secrets.vault.timeout': secrets.vault.timeout }),
    'server.event_loop_limit': server.event_loop_limit,
    'websocket.idle_timeout': websocket.idle_timeout,
    'data.commit_timeout': data.commit_timeout,
    'redis.exchange_interval': redis.exchange_interval,
    'limits.timeout': limits.timeout,
    'limits.lease': limits.lease,
    'routing.embedding.timeout': routing.embedding.timeout,
    'breaker.cooldown': breaker.cooldown,
    'breaker.probe_timeout': breaker.probe_timeout,
    'upstream.connect_timeout': upstream.connect_timeout,
    'upstream.first_token_timeout': upstream.first_token_timeout,
    'upstream.idle_timeout': upstream.idle_timeout,
    'upstream.total_timeout': upstream.total_timeout,
    'upstream.same_model.max_wait': upstream.same_model.max_wait,
    'upstream.hedge.after_at_least': upstream.hedge.after_at_least,
    'upstream.same_model.backoff': upstream.same_model.backoff,
    'streams.hold_max': streams.hold_max,
    'streams.ping_interval': streams.ping_interval,
    'observation.snapshot_interval': observation.snapshot_interval,
    'shutdown.lag': shutdown.lag,
    'shutdown.total': shutdown.total,
  }
  const longest = parseDuration(`${LONGEST_TIMER_DAYS}d`)
  return Object.entries(timers)
    .filter(([, text]) => parseDuration(text) > longest)
    .map(([field, text]) => ({
      field,
      found: JSON.stringify(text),
      allowed: `at most ${LONGEST_TIMER_DAYS}d`,
    }))
}
