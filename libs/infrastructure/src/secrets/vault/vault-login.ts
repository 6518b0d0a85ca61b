/** The ways to a token. What they need is read again at each login: it may have been replaced. */
import { readFileSync } from 'node:fs'
import type { Secret } from '@atp/core/secret'
import { SecretUnreadable } from '@atp/core/secret-source'
import type { VaultAnswer, VaultClient } from './vault-client.ts'

/** `mount`: where the method is mounted; by its name, where nothing is said. */
export type VaultAuth =
  | { readonly method: 'token'; readonly token: () => Secret }
  | {
      readonly method: 'approle'
      readonly mount?: string
      readonly roleId: () => Secret
      readonly secretId: () => Secret
    }
  | {
      readonly method: 'kubernetes'
      readonly mount?: string
      readonly role: string
      /** The projected token of the service account. */
      readonly jwtFile: string
    }

export interface VaultToken {
  readonly text: string
  /** 0: it does not expire. */
  readonly ttlMs: number
  readonly renewable: boolean
  /** Made by us, for us alone: it may be revoked. */
  readonly own: boolean
}

/** @throws {SecretUnreadable} `unauthenticated` where Vault refuses */
export async function logIn(client: VaultClient, auth: VaultAuth): Promise<VaultToken> {
  try {
    switch (auth.method) {
      case 'token':
        return await withToken(client, auth.token().reveal())
      case 'approle': {
        const body = { role_id: auth.roleId().reveal(), secret_id: auth.secretId().reveal() }
        return tokenIn(await client.write(`auth/${auth.mount ?? 'approle'}/login`, body))
      }
      case 'kubernetes': {
        const body = { role: auth.role, jwt: jwtIn(auth.jwtFile) }
        return tokenIn(await client.write(`auth/${auth.mount ?? 'kubernetes'}/login`, body))
      }
    }
  } catch (error) {
    throw refusalOf(error, auth)
  }
}

async function withToken(client: VaultClient, text: string): Promise<VaultToken> {
  const { data } = await client.read('auth/token/lookup-self', text)
  return { text, ttlMs: Number(data?.ttl ?? 0) * 1_000, renewable: data?.renewable === true, own: false }
}

function tokenIn({ auth }: VaultAnswer): VaultToken {
  if (auth == null) throw new SecretUnreadable('failed', 'and Vault answered the login without a token')
  const { client_token: text, lease_duration, renewable } = auth
  return { text, ttlMs: lease_duration * 1_000, renewable, own: true }
}

function jwtIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // biome-ignore lint/style/useErrorCause: what a secret's error says goes no further than its message
    throw new SecretUnreadable(
      'unauthenticated',
      `and the service account's token, ${file}, cannot be read (${code})`,
    )
  }
}

/** Vault says 400 to a wrong role or secret id, and 403 to a wrong token. */
function refusalOf(error: unknown, { method }: VaultAuth): unknown {
  if (!(error instanceof SecretUnreadable)) return error
  if (['sealed', 'standby', 'unreachable', 'unauthenticated'].includes(error.reason)) return error
  return new SecretUnreadable(
    'unauthenticated',
    `and Vault refuses the login by ${method} (${error.message})`,
  )
}
