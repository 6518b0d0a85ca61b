/** `atp tenants`. */
import { textTable } from '../../text-table.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import { type AdminOptions, administer, type Report, textIn } from './administer.ts'

interface Limit {
  readonly id?: string
  readonly scope: string
  readonly key?: string
  readonly model?: string
  readonly counts: string
  readonly per: string | null
  readonly amount: number
  readonly burst?: number
  readonly shadow?: boolean
}

interface Tenant {
  readonly id: string
  readonly name: string
  readonly time_zone: string
  readonly limits: readonly Limit[]
  readonly allowed_models: readonly string[] | null
  readonly quality: string | object | null
  readonly failure_policy: Readonly<Record<string, string>>
  readonly reserve: string
  readonly cut_at_hard_quota: boolean
  readonly block_zero_price: boolean
  readonly created_at: string
  readonly updated_at: string
}

interface NewTenantOptions extends AdminOptions {
  readonly name?: string
  readonly timeZone?: string
  readonly models?: readonly string[]
  readonly quality?: string
}

export function listTenants(options: AdminOptions): Promise<void> {
  return administer(options, async client => {
    const tenants = await client.all<Tenant>('/tenants')
    const rows = tenants.map(tenant => [
      ...[tenant.id, tenant.name, tenant.time_zone, modelsOf(tenant), qualityOf(tenant)],
      `${tenant.limits.length}`,
    ])
    return {
      json: tenants,
      text: textTable(['tenant', 'name', 'time zone', 'models', 'quality', 'limits'], rows, 5),
    }
  })
}

export function showTenant(id: string, options: AdminOptions): Promise<void> {
  return administer(options, async client => {
    const { body } = await client.call<Tenant>('GET', pathOf(id))
    return { json: body, text: described(body) }
  })
}

export function createTenant(
  id: string,
  { name = id, timeZone, models, quality, ...options }: NewTenantOptions,
): Promise<void> {
  return administer(options, async client => {
    const body = { id, name, time_zone: timeZone, allowed_models: models, quality }
    const { body: made } = await client.call<Tenant>('POST', '/tenants', { body })
    return { json: made, text: described(made) }
  })
}

export function tenantLimits(
  id: string,
  { file, ...options }: AdminOptions & { readonly file?: string },
): Promise<void> {
  return administer(options, async client => {
    const tenant =
      file === undefined ? await client.call<Tenant>('GET', pathOf(id)) : await replaced(client, id, file)
    return limitsReport(tenant.body.limits)
  })
}

/** What somebody else changes in between is not undone: the gateway refuses then. */
async function replaced(client: AdminClient, id: string, file: string) {
  const limits = limitsIn(file)
  const { etag } = await client.call('GET', pathOf(id))
  return client.call<Tenant>('PATCH', pathOf(id), { body: { limits }, match: etag ?? '' })
}

function limitsIn(file: string): unknown[] {
  let limits: unknown
  try {
    limits = JSON.parse(textIn(file))
  } catch (cause) {
    if (cause instanceof AdminError) throw cause
    throw new AdminError(`${file} holds no JSON: ${(cause as Error).message}`, { cause })
  }
  if (Array.isArray(limits)) return limits
  throw new AdminError(`${file} holds no array of limits, such as [${EXAMPLE}]`)
}

const EXAMPLE = '{"scope": "tenant", "counts": "requests", "per": "1m", "amount": 600}'

function limitsReport(limits: readonly Limit[]): Report {
  return { json: limits, text: limits.length === 0 ? 'no limits' : limitsTable(limits) }
}

function limitsTable(limits: readonly Limit[]): string {
  const head = ['limit', 'of', 'counts', 'per', 'shadow', 'amount', 'burst']
  const rows = limits.map(({ id, scope, key, model, counts, per, shadow, amount, burst }, index) => [
    id ?? `${counts}-${per ?? 'now'}-${index}`,
    [scope, key ?? model].filter(part => part !== undefined).join(' '),
    ...[counts, per ?? 'at once', shadow === true ? 'yes' : 'no', `${amount}`, `${burst ?? '-'}`],
  ])
  return textTable(head, rows, 5)
}

function described(tenant: Tenant): string {
  const policy = Object.entries(tenant.failure_policy).map(([counts, what]) => `${counts} ${what}`)
  const rows = [
    ['name', tenant.name],
    ['time zone', tenant.time_zone],
    ['models', modelsOf(tenant)],
    ['quality', qualityOf(tenant)],
    ['without Redis', policy.join(', ')],
    ['reserves', tenant.reserve],
    ['cut at a hard quota', tenant.cut_at_hard_quota ? 'yes' : 'no'],
    ['blocks free models', tenant.block_zero_price ? 'yes' : 'no'],
    ['made', tenant.created_at],
    ['changed', tenant.updated_at],
  ]
  const facts = textTable(['tenant', tenant.id], rows, 2)
  return tenant.limits.length === 0 ? facts : `${facts}\n\n${limitsTable(tenant.limits)}`
}

function modelsOf({ allowed_models }: Tenant): string {
  return allowed_models === null ? 'all' : allowed_models.join(', ')
}

function qualityOf({ quality }: Tenant): string {
  return quality === null ? 'as the gateway' : typeof quality === 'string' ? quality : JSON.stringify(quality)
}

function pathOf(id: string): string {
  return `/tenants/${encodeURIComponent(id)}`
}
