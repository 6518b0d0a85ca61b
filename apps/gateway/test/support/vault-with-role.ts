/** A throwaway Vault with a role for the gateway, which may read `secret/atp/*`, and the configuration that logs in by it. */
import { startVault, type VaultServer } from '@atp/test-services'

export class VaultWithRole implements AsyncDisposable {
  readonly server: VaultServer
  readonly roleId: string
  readonly secretId: string

  private constructor(server: VaultServer, roleId: string, secretId: string) {
    this.server = server
    this.roleId = roleId
    this.secretId = secretId
  }

  static async start(): Promise<VaultWithRole> {
    const server = await startVault()
    const policy = 'path "secret/data/atp/*" { capabilities = ["read"] }'
    await server.request('PUT', 'sys/policies/acl/atp', { policy })
    await server.request('POST', 'sys/auth/approle', { type: 'approle' })
    await server.request('POST', 'auth/approle/role/atp', { token_policies: 'atp', token_ttl: '1h' })
    const role = await server.request('GET', 'auth/approle/role/atp/role-id')
    const secret = await server.request('POST', 'auth/approle/role/atp/secret-id')
    return new VaultWithRole(server, String(role.data.role_id), String(secret.data.secret_id))
  }

  /** As `secrets` in the configuration. */
  config(ttl: string) {
    return {
      ttl,
      vault: {
        address: this.server.url,
        auth: { method: 'approle', role_id: 'env:VAULT_ROLE', secret_id: 'env:VAULT_SECRET' },
      },
    }
  }

  get env(): Record<string, string> {
    return { VAULT_ROLE: this.roleId, VAULT_SECRET: this.secretId }
  }

  /** Another version of `secret/atp/NAME`. */
  async put(name: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await this.server.request('POST', `secret/data/atp/${name}`, { data: fields })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop()
  }
}
