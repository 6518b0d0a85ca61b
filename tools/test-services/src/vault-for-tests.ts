/** The Vault of a test file: our own, or the reason why there is none. */
import { vaultBinary } from './vault-binary.ts'
import { startVault, type VaultServer } from './vault-server.ts'

export type VaultForTests =
  | { readonly missing: null; start(): Promise<VaultServer> }
  /** Why there is no Vault: for the name of the skipped test. */
  | { readonly missing: string }

/** @throws {Error} where the binary is there but does not work: that is a failure, not a reason to skip */
export async function vaultForTests(find = vaultBinary): Promise<VaultForTests> {
  const { missing } = await find()
  return missing === null ? { missing, start: startVault } : { missing }
}
