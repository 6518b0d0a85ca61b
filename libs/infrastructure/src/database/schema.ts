/** The tables that both databases have, as the query builder sees them. */
import type { Generated } from 'kysely'
import type { PriceSchema } from './prices/price-schema.ts'
import type { TenantSchema } from './tenants/tenant-schema.ts'

export interface Schema extends TenantSchema, PriceSchema {
  decisions: DecisionTable
  observations: ObservationTable
  snapshots: SnapshotTable
  contexts: ContextTable
}

/** SQLite has no booleans: 0 and 1. */
type Flag = boolean | number

interface DecisionTable {
  /** JSON text in Postgres, the encoder's doubles in the journal. */
  candidates: string | Uint8Array
  /** In the journal only. */
  exclusions?: string | null
  sequence: Generated<number>
  id: string
  at: number
  tenant: string
  arm: string
  strategy: string
  pinned: Flag
  seed: string
  state_version: number
  weight_quality: number
  weight_cost: number
  weight_latency: number
  /** Base64, for a contextual strategy; null by the others. */
  features: string | null
  exploration: number
  shadow_strategy: string | null
  shadow_arm: string | null
  /** What the answer said of itself. */
  signal: string | null
  signal_worth: number | null
  task: string | null
  /** Null where no key was asked for. */
  key_id: string | null
}

interface ObservationTable {
  sequence: Generated<number>
  id: string
  kind: string
  at: number
  tenant: string
  decision_id: string | null
  arm: string
  outcome: string
  quality: number | null
  latency_ms: number | null
  ttft_ms: number | null
  input_tokens: number | null
  output_tokens: number | null
  usage_estimated: Flag | null
  cost_micro_usd: number | null
}

interface SnapshotTable {
  replica: string
  applied_sequence: number
  taken_at: number
  /** JSON text, byte for byte as it was saved. */
  arms: string
}

interface ContextTable {
  replica: string
  tenant: string
  /** Empty where there is none: no task's name is. */
  task: string
  applied_sequence: number
  saved_at: number
  /** JSON text. */
  arms: string
}
