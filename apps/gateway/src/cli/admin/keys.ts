/** `atp keys`. A key that is made goes to the output alone, so that it can be sent into a file; what is to be said of it goes beside. */
import { systemClock } from '@atp/core/clock'
import { textTable } from '../../text-table.ts'
import { type AdminOptions, administer, type Report } from './administer.ts'

interface Key {
  readonly id: string
  readonly tenant: string | null
  readonly name: string
  readonly scope: string
  readonly hint: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  readonly last_used_at: string | null
}

type MadeKey = Key & { readonly key: string }

interface NewKeyOptions extends AdminOptions {
  readonly tenant?: string
  readonly name: string
  readonly scope: string
  readonly expires?: string
}

export function listKeys({ tenant, ...options }: AdminOptions & { readonly tenant?: string }): Promise<void> {
  return administer(options, async client => {
    const keys = await client.all<Key>('/keys', { tenant })
    const rows = keys.map(key => [
      ...[key.id, key.tenant ?? '-', key.name, key.scope, `...${key.hint}`],
      ...[stateOf(key), key.last_used_at ?? 'never'],
    ])
    const head = ['key', 'tenant', 'name', 'scope', 'ends in', 'state', 'last used']
    return { json: keys, text: textTable(head, rows, head.length) }
  })
}

export function createKey({ tenant, name, scope, expires, ...options }: NewKeyOptions): Promise<void> {
  return administer(options, async client => {
    const body = { tenant, name, scope, expires_at: expires }
    return madeReport((await client.call<MadeKey>('POST', '/keys', { body })).body)
  })
}

export function rotateKey(
  id: string,
  { overlap, expires, ...options }: AdminOptions & { readonly overlap: string; readonly expires?: string },
): Promise<void> {
  return administer(options, async client => {
    const body = { overlap, expires_at: expires }
    return madeReport((await client.call<MadeKey>('POST', `${pathOf(id)}/rotate`, { body })).body)
  })
}

export function revokeKey(id: string, options: AdminOptions): Promise<void> {
  return administer(options, async client => {
    const { body } = await client.call<Key>('POST', `${pathOf(id)}/revoke`)
    return { json: body, text: `key ${body.id} is revoked since ${body.revoked_at}` }
  })
}

function madeReport(made: MadeKey): Report {
  const whose = made.tenant === null ? 'an admin key' : `a key of ${made.tenant}`
  const until = made.expires_at === null ? 'does not expire' : `expires ${made.expires_at}`
  const note = `${whose}, ${made.id}, which ${until}: it is shown now and never again`
  return { json: made, text: made.key, note }
}

function stateOf({ revoked_at, expires_at }: Key): string {
  if (revoked_at !== null) return `revoked ${revoked_at}`
  if (expires_at === null) return 'active'
  return `${Date.parse(expires_at) <= systemClock.now() ? 'expired' : 'active until'} ${expires_at}`
}

function pathOf(id: string): string {
  return `/keys/${encodeURIComponent(id)}`
}
