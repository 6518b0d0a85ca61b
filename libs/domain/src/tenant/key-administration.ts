/** Makes, revokes and rotates API keys. The text of a key leaves here once, when it is made. */
import type { Clock } from '@atp/core/clock'
import { AtpError, type FieldProblem } from '@atp/core/errors'
import { type KeyId, newId, type TenantId } from '@atp/core/ids'
import { hashOfKey, hintOfKey, newKeyText } from '@atp/core/key-text'
import type { Random } from '@atp/core/random'
import { type EpochMs, epochMs, type Milliseconds } from '@atp/core/units'
import { type ApiKey, isActive, type KeyScope } from './api-key.ts'
import { AuditEntries } from './audit-entry.ts'
import type { TenantDirectory } from './directory.ts'
import type { Changes, StoredKey, TenantStore } from './store.ts'
import { type AdministrationOptions, changedMeanwhile, followed, noTenant } from './tenant-administration.ts'

export interface NewKey {
  /** Null for an admin key. */
  readonly tenant: TenantId | null
  readonly name: string
  readonly scope: KeyScope
  readonly expiresAt: EpochMs | null
}

export interface MadeKey {
  readonly key: StoredKey
  /** Shown once, kept nowhere. */
  readonly text: string
}

/** Each time somebody else was faster. */
const MOST_TRIES = 5

export class KeyAdministration {
  readonly #store: TenantStore
  readonly #directory: Pick<TenantDirectory, 'refresh'>
  readonly #clock: Clock
  readonly #random: Random
  readonly #audit: AuditEntries

  /** @param options with a randomness that is fit for secrets */
  constructor({ store, directory, clock, random }: AdministrationOptions) {
    this.#store = store
    this.#directory = directory
    this.#clock = clock
    this.#random = random
    this.#audit = new AuditEntries(clock, random)
  }

  /** @throws {AtpError} `not_found` */
  async get(id: string): Promise<StoredKey> {
    const key = await this.#store.key(id)
    if (key === null) throw new AtpError('not_found', { detail: `there is no key '${id}'` })
    return key
  }

  /** @throws {AtpError} `invalid_request`, `not_found` where there is no such tenant */
  async create(actor: string, wanted: NewKey): Promise<MadeKey> {
    requireValid(wanted, this.#clock.now())
    if (wanted.tenant !== null) {
      const tenant = await this.#store.tenant(wanted.tenant)
      if (tenant === null || tenant.deletedAt !== null) throw noTenant(wanted.tenant)
    }
    const made = this.#make(wanted, null)
    const audit = [this.#audit.of(actor, 'key.created', null, made.key)]
    if (!(await this.#commit({ tenants: [], keys: [made.key], audit }))) throw changedMeanwhile(null)
    return made
  }

  /** For good; a key that is revoked already stays so. @throws {AtpError} `not_found` */
  async revoke(actor: string, id: string): Promise<StoredKey> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = await this.get(id)
      if (before.revokedAt !== null) return before
      const after = { ...before, version: before.version + 1, revokedAt: this.#clock.now() }
      const audit = [this.#audit.of(actor, 'key.revoked', before, after)]
      if (await this.#commit({ tenants: [], keys: [after], audit })) return after
    }
    throw changedMeanwhile(null)
  }

  /**
   * A new key like this one, which goes on working for the overlap.
   * @param expiresAt of the new key
   * @throws {AtpError} `not_found`; `invalid_request` where it opens nothing any more; `precondition_failed`
   */
  async rotate(
    actor: string,
    id: string,
    overlap: Milliseconds,
    expiresAt: EpochMs | null,
  ): Promise<MadeKey> {
    const before = await this.get(id)
    const now = this.#clock.now()
    if (!isActive(before, now)) {
      throw new AtpError('invalid_request', {
        detail: 'this key opens nothing any more: make a new one',
        problems: [{ field: 'id', found: 'a revoked or expired key', allowed: 'a key that is active' }],
      })
    }
    const end = epochMs(Math.min(now + overlap, before.expiresAt ?? Number.POSITIVE_INFINITY))
    const old = { ...before, version: before.version + 1, expiresAt: end }
    const wanted = { ...before, expiresAt }
    requireValid(wanted, now)
    const made = this.#make(wanted, before.id)
    const audit = [
      this.#audit.of(actor, 'key.rotated', before, old),
      this.#audit.of(actor, 'key.created', null, made.key),
    ]
    if (!(await this.#commit({ tenants: [], keys: [old, made.key], audit }))) throw changedMeanwhile(null)
    return made
  }

  #make({ tenant, name, scope, expiresAt }: NewKey, rotatedFrom: KeyId | null): MadeKey {
    const text = newKeyText(this.#random)
    const key: ApiKey = {
      id: newId<KeyId>(this.#clock, this.#random),
      tenant,
      name,
      hash: hashOfKey(text),
      hint: hintOfKey(text),
      scope,
      createdAt: this.#clock.now(),
      expiresAt,
      revokedAt: null,
      rotatedFrom,
    }
    return { key: { ...key, version: 1, lastUsedAt: null }, text }
  }

  async #commit(changes: Changes): Promise<boolean> {
    const committed = await this.#store.commit(changes)
    if (committed) await followed(this.#directory)
    return committed
  }
}

function requireValid(wanted: NewKey, now: EpochMs): void {
  const problems = [...problemsOf(wanted, now)]
  if (problems.length > 0) throw new AtpError('invalid_request', { detail: 'the key is not valid', problems })
}

function* problemsOf({ tenant, scope, expiresAt }: NewKey, now: EpochMs): Generator<FieldProblem> {
  if ((scope === 'admin') !== (tenant === null)) {
    const allowed = scope === 'admin' ? 'nothing: an admin key belongs to no tenant' : 'the id of a tenant'
    yield { field: 'tenant', found: tenant === null ? 'nothing' : JSON.stringify(tenant), allowed }
  }
  if (expiresAt !== null && !(expiresAt > now)) {
    yield { field: 'expires_at', found: 'a time that has passed', allowed: 'a time to come' }
  }
}
