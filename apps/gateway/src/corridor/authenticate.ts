/**
 * Step 1: whose request it is. Whatever is sent in a key's place costs the same work, one hash, one look, one comparison, and gets
 * the same answer: whether a key is unknown, malformed, expired or revoked is nobody's business but its holder's.
 */

import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { KeyId } from '@atp/core/ids'
import { hashOfKey, isKeyText } from '@atp/core/key-text'
import {
  BUILT_IN_TENANT,
  isActive,
  type KeyHolder,
  type KeyScope,
  type KeyUse,
  type Tenant,
  type TenantDirectory,
} from '@atp/domain/tenant'

/** Who asks models. */
export interface Caller {
  readonly tenant: Tenant
  /** Null where no key was asked for. */
  readonly key: KeyId | null
}

/** The two headers that may hold a key: `authorization: Bearer atp_...` or `x-api-key: atp_...`. */
export interface Credentials {
  readonly authorization?: string | undefined
  readonly 'x-api-key'?: string | readonly string[] | undefined
}

/** @throws {AtpError} `invalid_api_key`, always the same; `forbidden` for a key of the other plane; `overloaded` before any key is known */
export interface Authenticator {
  caller(credentials: Credentials): Caller
  administrator(credentials: Credentials): KeyId
}

export interface KeyAuthenticatorOptions {
  readonly directory: Pick<TenantDirectory, 'holder' | 'isLoaded'>
  readonly use: Pick<KeyUse, 'note'>
  readonly clock: Clock
  readonly hash?: (text: string) => string
}

export class KeyAuthenticator implements Authenticator {
  readonly #directory: Pick<TenantDirectory, 'holder' | 'isLoaded'>
  readonly #use: Pick<KeyUse, 'note'>
  readonly #clock: Clock
  readonly #hash: (text: string) => string

  constructor({ directory, use, clock, hash = hashOfKey }: KeyAuthenticatorOptions) {
    this.#directory = directory
    this.#use = use
    this.#clock = clock
    this.#hash = hash
  }

  caller(credentials: Credentials): Caller {
    const { key, tenant } = this.#holder(credentials, 'data')
    if (tenant === null) throw invalidKey()
    return { tenant, key: key.id }
  }

  administrator(credentials: Credentials): KeyId {
    return this.#holder(credentials, 'admin').key.id
  }

  #holder(credentials: Credentials, scope: KeyScope): KeyHolder {
    const text = textOf(credentials)
    const wellFormed = isKeyText(text)
    // A stand-in of a key's length: the time to hash says nothing of what was sent.
    const hash = this.#hash(wellFormed ? text : STAND_IN)
    const holder = this.#directory.holder(hash)
    const same = timingSafeEqual(Buffer.from(holder?.key.hash ?? NO_HASH), Buffer.from(hash))
    if (holder === null && !this.#directory.isLoaded) throw notLoaded()
    if (holder === null || !wellFormed || !same || !isActive(holder.key, this.#clock.now()))
      throw invalidKey()
    this.#use.note(holder.key.id)
    if (holder.key.scope !== scope) throw wrongPlane(scope)
    return holder
  }
}

/** Where nobody is asked for a key, on loopback only: everybody is one tenant, and nobody administers. */
export const everybody: Authenticator = {
  caller: () => ({ tenant: BUILT_IN_TENANT, key: null }),
  administrator: () => {
    throw new AtpError('forbidden', {
      detail: 'auth.enabled is false: nobody can prove to be an administrator',
    })
  },
}

const STAND_IN = `atp_${'-'.repeat(43)}`
const NO_HASH = '0'.repeat(64)

function textOf({ authorization, 'x-api-key': apiKey }: Credentials): string {
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
  return typeof apiKey === 'string' ? apiKey : ''
}

function invalidKey(): AtpError {
  return new AtpError('invalid_api_key', {
    detail: 'a valid API key is needed: authorization: Bearer atp_..., or x-api-key: atp_...',
  })
}

function wrongPlane(scope: KeyScope): AtpError {
  const detail =
    scope === 'admin'
      ? 'a data key asks models: this needs an admin key'
      : "an admin key administers, and spends nobody's money: this needs a tenant's data key"
  return new AtpError('forbidden', { detail })
}

function notLoaded(): AtpError {
  return new AtpError('overloaded', {
    detail: 'tenants and keys were not loaded yet: their database is away',
    retryAfterMs: 1_000,
  })
}
