import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { vaultForTests } from '../src/index.ts'
import { vaultBinary } from '../src/vault-binary.ts'

const vault = await vaultForTests()
const title = vault.missing === null ? 'a Vault for tests' : `a Vault for tests (${vault.missing})`

describe.skipIf(vault.missing !== null)(title, () => {
  it('keeps what it holds over a stop, and while it is sealed', async () => {
    if (vault.missing !== null) return
    const server = await vault.start()
    try {
      await server.request('POST', 'secret/data/x', { data: { value: 'kept' } })
      await server.halt()
      await expect(server.request('GET', 'secret/data/x')).rejects.toThrow()
      await server.resume()
      expect((await server.request('GET', 'secret/data/x')).data).toMatchObject({ data: { value: 'kept' } })
      await server.seal()
      await expect(server.request('GET', 'secret/data/x')).rejects.toThrow('503')
      await server.unseal()
      expect((await server.request('GET', 'secret/data/x')).data).toMatchObject({ data: { value: 'kept' } })
    } finally {
      await server.stop()
    }
  })
})

describe('where there is none', () => {
  it('the reason is told, for the name of the tests that are skipped', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'atp-no-vault-'))
    const path = process.env.PATH
    try {
      // No python3, no pip.
      process.env.PATH = cache
      const found = await vaultForTests(() => vaultBinary(cache))
      expect(found.missing).toContain('no OpenBao')
    } finally {
      process.env.PATH = path
      rmSync(cache, { recursive: true, force: true })
    }
  })
})
