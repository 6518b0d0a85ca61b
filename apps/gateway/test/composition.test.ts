import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@atp/core/config'
import { type AppContainer, bindValue } from '@atp/core/container'
import { SeededRandom } from '@atp/core/random'
import { typescriptNative } from '@atp/native'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose } from '../src/composition.ts'
import * as T from '../src/tokens.ts'

let dataDir: string
const composed: AppContainer[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'atp-composition-'))
})

afterEach(async () => {
  for (const container of composed.splice(0)) await container.resolve(T.DATABASE).stop(0)
  rmSync(dataDir, { recursive: true, force: true })
})

async function composedWith(...overrides: Parameters<typeof compose>[1] & object): Promise<AppContainer> {
  const config = loadConfig({ env: { ATP_DATA_DIR: dataDir, ATP_LOG_LEVEL: 'silent' } })
  const container = await compose(config, overrides)
  composed.push(container)
  return container
}

describe('the composition', () => {
  it('holds one instance of everything that it binds', async () => {
    const { resolve } = await composedWith()
    for (const token of Object.values(T)) {
      expect(resolve(token as typeof T.ROUTER)).toBe(resolve(token as typeof T.ROUTER))
    }
  })

  it('lets a test override any token, and builds the rest upon it', async () => {
    const { resolve } = await composedWith(
      bindValue(T.NATIVE, typescriptNative),
      bindValue(T.RANDOM, new SeededRandom(1)),
    )
    expect(resolve(T.NATIVE)).toBe(typescriptNative)
    const learned = resolve(T.LEARNED)
    expect(learned.bandit.constructor).toBe(typescriptNative.createBandit({ halfLifeMs: 1000 }).constructor)
  })
})
