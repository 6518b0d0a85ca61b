/** A tenant on the wire. */
import { PRESETS } from '@atp/domain/routing'
import {
  COUNTED,
  DEFAULT_SETTINGS,
  FAILURE_POLICIES,
  LIMIT_SCOPES,
  MOST_LIMITS,
  RESERVE_MODES,
  type StoredTenant,
  type TenantSettings,
} from '@atp/domain/tenant'
import { type Static, Type } from 'typebox'

const Name = Type.String({ minLength: 1, maxLength: 200, description: 'For people.' })
const Weight = Type.Number({ minimum: 0, maximum: 1_000 })
const FailurePolicy = Type.Enum([...FAILURE_POLICIES])
const ModelName = Type.String({ minLength: 1, maxLength: 200 })

const Limit = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: 'Names the limit in answers and metrics.',
      }),
    ),
    scope: Type.Enum([...LIMIT_SCOPES], { description: 'Whose use is counted together.' }),
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'This key only.' })),
    model: Type.Optional(ModelName),
    counts: Type.Enum([...COUNTED]),
    per: Type.Union([Type.String({ maxLength: 20 }), Type.Null()], {
      description:
        "A sliding window (`1s`, `1m`, `24h`), the tenant's `day` or `month`, or null for `concurrent`.",
      examples: ['1m', 'day'],
    }),
    amount: Type.Number({
      minimum: 0,
      maximum: 1e12,
      description: 'Requests, tokens, US dollars, or requests under way.',
    }),
    burst: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1e12, description: 'So much of it may come at once.' }),
    ),
    shadow: Type.Optional(Type.Boolean({ description: 'Counted and logged, not enforced.' })),
  },
  { additionalProperties: false },
)

const settings = {
  name: Name,
  time_zone: Type.String({
    maxLength: 100,
    description: 'IANA name: where its days and months begin.',
    examples: ['Europe/Berlin'],
  }),
  limits: Type.Array(Limit, { maxItems: MOST_LIMITS }),
  allowed_models: Type.Union([Type.Array(ModelName, { maxItems: 1_000 }), Type.Null()], {
    description: 'Arms (`adapter/model`) or model names; null: all.',
  }),
  quality: Type.Union(
    [
      Type.Enum([...PRESETS]),
      Type.Object({ quality: Weight, cost: Weight, latency: Weight }, { additionalProperties: false }),
      Type.Null(),
    ],
    { description: 'Holds where a request names none; null: the gateway decides.' },
  ),
  failure_policy: Type.Object(
    Object.fromEntries(COUNTED.map(counted => [counted, FailurePolicy])) as Record<
      (typeof COUNTED)[number],
      typeof FailurePolicy
    >,
    {
      additionalProperties: false,
      description: 'While the shared counters are away: refuse, or let each replica enforce its part.',
    },
  ),
  reserve: Type.Enum([...RESERVE_MODES], {
    description: 'What a request reserves: what its answer is expected to cost, or the most that it can.',
  }),
  cut_at_hard_quota: Type.Boolean({ description: 'Whether an answer is cut that would break a hard quota.' }),
  block_zero_price: Type.Boolean({
    description: 'Whether a spent budget blocks models that cost nothing, too.',
  }),
}

export const TenantBody = Type.Object(
  { ...Type.Partial(Type.Object(settings)).properties, name: Name },
  { additionalProperties: false },
)
export const NewTenant = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64, description: 'Never used before; kept for good.' }),
    ...TenantBody.properties,
  },
  { additionalProperties: false },
)
export const TenantPatch = Type.Partial(TenantBody, { additionalProperties: false, minProperties: 1 })
export type TenantPatch = Static<typeof TenantPatch>

export const TenantAnswer = Type.Object({
  id: Type.String(),
  ...settings,
  version: Type.Integer({ description: 'As in the ETag.' }),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})

/** What is said takes the place of what was. */
export function settingsOf(said: TenantPatch, before: TenantSettings): TenantSettings {
  return {
    name: said.name ?? before.name,
    timeZone: said.time_zone ?? before.timeZone,
    limits: said.limits ?? before.limits,
    allowedModels: said.allowed_models === undefined ? before.allowedModels : said.allowed_models,
    preference: said.quality === undefined ? before.preference : said.quality,
    failurePolicy: said.failure_policy ?? before.failurePolicy,
    reserve: said.reserve ?? before.reserve,
    cutAtHardQuota: said.cut_at_hard_quota ?? before.cutAtHardQuota,
    blockZeroPrice: said.block_zero_price ?? before.blockZeroPrice,
  }
}

/** What is not said is as it is by default. */
export function wholeSettings(said: TenantPatch & { readonly name: string }): TenantSettings {
  return settingsOf(said, { ...DEFAULT_SETTINGS, name: said.name })
}

export function tenantAnswer(tenant: StoredTenant): Static<typeof TenantAnswer> {
  return {
    id: tenant.id,
    name: tenant.name,
    time_zone: tenant.timeZone,
    limits: [...tenant.limits],
    allowed_models: tenant.allowedModels === null ? null : [...tenant.allowedModels],
    quality: tenant.preference,
    failure_policy: tenant.failurePolicy,
    reserve: tenant.reserve,
    cut_at_hard_quota: tenant.cutAtHardQuota,
    block_zero_price: tenant.blockZeroPrice,
    version: tenant.version,
    created_at: new Date(tenant.createdAt).toISOString(),
    updated_at: new Date(tenant.updatedAt).toISOString(),
  }
}
