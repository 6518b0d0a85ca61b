/** An API key as it is kept: never its text, only the hash of it. */
import type { KeyId, TenantId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'

/** `data`: asks models, for its tenant. `admin`: administers all tenants, and asks no model. */
export const KEY_SCOPES = ['data', 'admin'] as const
export type KeyScope = (typeof KEY_SCOPES)[number]

export interface ApiKey {
  readonly id: KeyId
  /** Null for an admin key: it belongs to no tenant, and so it can spend nobody's money. */
  readonly tenant: TenantId | null
  /** For people. */
  readonly name: string
  /** SHA-256 of the key's text, hexadecimal. */
  readonly hash: string
  /** The last four characters of its text, to tell keys apart. */
  readonly hint: string
  readonly scope: KeyScope
  readonly createdAt: EpochMs
  /** Null: never. */
  readonly expiresAt: EpochMs | null
  readonly revokedAt: EpochMs | null
  /** The key that this one takes the place of. */
  readonly rotatedFrom: KeyId | null
}

/** Whether it opens anything at this moment. */
export function isActive(
  { revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  now: EpochMs,
): boolean {
  return revokedAt === null && (expiresAt === null || now < expiresAt)
}
