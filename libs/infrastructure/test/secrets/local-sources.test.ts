import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@atp/core/clock'
import { SecretReference } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { EnvironmentSource, FileSource, NamedSource, SecretStore } from '../../src/secrets/index.ts'
import { AWAY, FakeSource } from './fake-source.ts'

const root = mkdtempSync(join(tmpdir(), 'atp-secrets-'))
afterAll(() => rmSync(root, { recursive: true }))

let directory = ''
let directories = 0
beforeEach(() => {
  directory = join(root, String(directories++))
  mkdirSync(directory)
})

const ANYTHING = { pattern: /^/, found: '', allowed: '' }

/** Its ttl is an hour: whatever is noticed within a test was not waited for. */
async function opened(reference: SecretReference) {
  const store = new SecretStore({
    secrets: [{ field: 'x', reference, rule: ANYTHING }],
    sources: { file: new FileSource() },
    policy: { ttlMs: 3_600_000, staleIfErrorMs: 3_600_000 },
    clock: systemClock,
    random: new SystemRandom(),
    log: { info: () => undefined, warn: () => undefined },
  })
  await store.open()
  return { store, secret: store.get(reference) }
}

describe('secrets in files', () => {
  it('are noticed when Kubernetes swaps the mounted directory', async () => {
    const mount = (version: string, value: string) => {
      mkdirSync(join(directory, version))
      writeFileSync(join(directory, version, 'key'), value)
      symlinkSync(version, join(directory, '..data_tmp'))
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
    }
    mount('..one', 'old\n')
    symlinkSync(join('..data', 'key'), join(directory, 'key'))
    const { store, secret } = await opened(new SecretReference('file', join(directory, 'key')))
    expect(secret.reveal()).toBe('old')
    mount('..two', 'new\n')
    await expect.poll(() => secret.reveal()).toBe('new')
    await store.close()
  })

  it('are noticed when they are written, and kept while they are gone or empty', async () => {
    const file = join(directory, 'key')
    writeFileSync(file, 'old')
    const { store, secret } = await opened(new SecretReference('file', file))
    writeFileSync(file, '')
    await expect.poll(() => store.status()[0]?.failure?.message).toBe('which is empty')
    expect(secret.reveal()).toBe('old')
    rmSync(file)
    await expect.poll(() => store.status()[0]?.failure?.message).toBe('which cannot be read (ENOENT)')
    expect(secret.reveal()).toBe('old')
    writeFileSync(file, 'new')
    await expect.poll(() => secret.reveal()).toBe('new')
    await store.close()
  })
})

describe('secrets by name', () => {
  const vault = new FakeSource()
  const files = new FileSource()
  const environment = new EnvironmentSource({ PROVIDERS_OPENAI: 'of the environment', PLAIN: 'plain' })
  const named = (names?: readonly string[]) =>
    new NamedSource(
      [
        { from: 'vault:secret/atp', ...(names === undefined ? {} : { names }) },
        { from: `file:${directory}` },
        { from: 'env:' },
      ],
      { vault, file: files, env: environment },
    )
  const foundIn = async (source: NamedSource, name: string) =>
    (await source.read(name)).fields.get('')?.reveal()

  it('come from the first place that has them', async () => {
    vault.answer = { value: 'of the vault' }
    mkdirSync(join(directory, 'providers'))
    writeFileSync(join(directory, 'providers/openai'), 'of the file')
    expect(await foundIn(named(), 'providers/openai')).toBe('of the vault')
    vault.answer = { other: 'field' }
    expect(await foundIn(named(), 'providers/openai')).toBe('of the file')
    rmSync(join(directory, 'providers/openai'))
    expect(await foundIn(named(), 'providers/openai')).toBe('of the environment')
    await expect(named().read('nowhere')).rejects.toMatchObject({
      reason: 'missing',
      message: `which is not in vault:secret/atp/nowhere#value nor file:${directory}/nowhere nor env:NOWHERE`,
    })
  })

  it('are not looked for behind a place that does not answer', async () => {
    vault.answer = AWAY
    await expect(named().read('plain')).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('vault:secret/atp/plain'),
    })
  })

  it('are looked for only where their names are', async () => {
    vault.answer = { value: 'of the vault' }
    expect(await foundIn(named(['providers/*', 'exact']), 'plain')).toBe('plain')
    expect(await foundIn(named(['providers/*', 'exact']), 'providers/openai')).toBe('of the vault')
    expect(await foundIn(named(['providers/*', 'exact']), 'exact')).toBe('of the vault')
  })
})

it('a variable is read at the start, and never again', async () => {
  const reading = await new EnvironmentSource({ KEY: 'value' }).read('KEY')
  expect(reading).toMatchObject({ goodForMs: Number.POSITIVE_INFINITY })
  await expect(new FileSource().read(join(directory, 'none'))).rejects.toMatchObject({ reason: 'missing' })
})
