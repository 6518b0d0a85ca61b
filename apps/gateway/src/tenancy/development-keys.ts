/**
 * For whoever starts on a bare machine: the tenant `dev`, a data key of it kept in the data directory, and the first admin key where
 * there is none yet. The files are for their owner only (mode 0600).
 */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { TenantId } from '@atp/core/ids'
import { hashOfKey } from '@atp/core/key-text'
import {
  DEFAULT_SETTINGS,
  isActive,
  type KeyAdministration,
  type KeyScope,
  type TenantAdministration,
  type TenantDirectory,
} from '@atp/domain/tenant'

const TENANT = 'dev' as TenantId
const ACTOR = 'development'

export interface DevelopmentKeysOptions {
  readonly dataDir: string
  readonly directory: Pick<TenantDirectory, 'holder' | 'tenant' | 'hasAdmin'>
  readonly tenants: Pick<TenantAdministration, 'create'>
  readonly keys: Pick<KeyAdministration, 'create'>
  readonly clock: Clock
}

export interface DevelopmentKeys {
  readonly dataKeyFile: string
  /** Null where there is an admin key already, which only its holder knows. */
  readonly adminKeyFile: string | null
}

/** @throws {AtpError} `overloaded` where keys are to be made and the database is away; `already_exists` where `dev` was deleted */
export async function developmentKeys(options: DevelopmentKeysOptions): Promise<DevelopmentKeys> {
  const { dataDir, directory, tenants, keys, clock } = options
  const dataKeyFile = resolve(dataDir, 'dev-key')
  const adminKeyFile = resolve(dataDir, 'admin-key')
  if (!opens(dataKeyFile, 'data', options)) {
    if (directory.tenant(TENANT) === undefined) {
      await tenants.create(ACTOR, { ...DEFAULT_SETTINGS, id: TENANT, name: 'Development' })
    }
    const wanted = { tenant: TENANT, name: 'npm run up', scope: 'data', expiresAt: null } as const
    keep(dataKeyFile, (await keys.create(ACTOR, wanted)).text)
  }
  if (!opens(adminKeyFile, 'admin', options)) {
    if (directory.hasAdmin(clock.now())) return { dataKeyFile, adminKeyFile: null }
    const wanted = { tenant: null, name: 'first admin key', scope: 'admin', expiresAt: null } as const
    keep(adminKeyFile, (await keys.create(ACTOR, wanted)).text)
  }
  return { dataKeyFile, adminKeyFile }
}

function opens(file: string, scope: KeyScope, { directory, clock }: DevelopmentKeysOptions): boolean {
  if (!existsSync(file)) return false
  const holder = directory.holder(hashOfKey(readFileSync(file, 'utf8').trim()))
  return holder !== null && holder.key.scope === scope && isActive(holder.key, clock.now())
}

/** Made anew, so that the mode holds whatever was there. */
function keep(file: string, text: string): void {
  try {
    rmSync(file, { force: true })
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new AtpError('start_failed', { detail: `the key cannot be kept in ${file}`, cause })
  }
}
