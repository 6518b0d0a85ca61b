/** Imports point one way, and the linter says so: each violation is written into a copy of the layout and must be refused by name. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, run } from './support/run.ts'

const LIBS = ['native', 'core', 'domain', 'infrastructure']

let copy: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'atp-boundaries-'))
  await cp(join(ROOT, 'biome.json'), join(copy, 'biome.json'))
  for (const project of [...LIBS.map(lib => `libs/${lib}`), 'apps/gateway']) {
    await mkdir(join(copy, project), { recursive: true })
    await cp(join(ROOT, project, 'package.json'), join(copy, project, 'package.json'))
  }
})

afterAll(() => rm(copy, { recursive: true }))

describe('refused', () => {
  test.each([
    ['libs/native/src/a.ts', '@atp/core/clock'],
    ['libs/native/src/a.ts', 'undici'],
    ['libs/native/test/a.test.ts', '@atp/core/clock'],
    ['libs/core/src/a.ts', '@atp/native'],
    ['libs/core/src/a.ts', '@atp/domain/routing'],
    ['libs/core/src/config/a.ts', '../../../domain/routing/index.ts'],
    ['libs/core/src/config/a.ts', '../../../domain'],
    ['libs/domain/src/routing/a.ts', '@atp/infrastructure/database'],
    ['libs/domain/src/routing/a.ts', '../../../infrastructure/src/database/index.ts'],
    ['libs/domain/src/routing/a.ts', '../../../core/src/clock.ts'],
    ['libs/domain/src/routing/a.ts', 'node:fs'],
    ['libs/domain/src/routing/a.ts', 'fs'],
    ['libs/domain/src/routing/a.ts', 'pg'],
    ['libs/domain/src/routing/a.ts', 'undici'],
    ['libs/domain/src/routing/a.ts', 'fastify'],
    ['libs/domain/test/a.test.ts', '@atp/infrastructure/database'],
    ['libs/infrastructure/src/database/a.ts', '@atp/gateway'],
    ['libs/infrastructure/src/database/a.ts', '../../../../apps/gateway/src/main.ts'],
    ['libs/infrastructure/src/database/a.ts', '../../../domain/dist/routing/index.js'],
    ['apps/gateway/src/http/a.ts', '../../../../libs/domain/src/routing/index.ts'],
    ['apps/gateway/src/http/a.ts', '@atp/domain/src/routing/index.ts'],
  ])('%s imports %s', async (file, specifier) => {
    expect(await lint(file, `import '${specifier}'\n`)).toContain('lint/style/noRestrictedImports')
  })

  test('the domain reads the clock or draws a number by itself', async () => {
    const found = await lint('libs/domain/src/routing/a.ts', 'export const x = [Date.now(), Math.random()]\n')
    expect(found).toContain('lint/style/noRestrictedGlobals')
    expect(found).toContain('lint/nursery/noJsRestrictedProperties')
  })

  test('native computes with a function whose last bit differs between machines', async () => {
    const found = await lint('libs/native/src/a.ts', 'export const x = (v: number) => Math.log(v)\n')
    expect(found).toContain('lint/nursery/noJsRestrictedProperties')
  })
})

describe('allowed', () => {
  test.each([
    ['libs/native/src/a.ts', 'node:module'],
    ['libs/core/src/config/a.ts', 'yaml'],
    ['libs/domain/src/routing/a.ts', '@atp/core/clock'],
    ['libs/domain/src/routing/a.ts', '@atp/native'],
    ['libs/domain/src/routing/a.ts', '../adapter/index.ts'],
    ['libs/domain/test/routing/a.test.ts', '../../src/routing/index.ts'],
    ['libs/infrastructure/src/database/a.ts', '@atp/domain/observation'],
    ['libs/infrastructure/src/database/a.ts', 'pg'],
    ['apps/gateway/src/http/a.ts', '@atp/infrastructure/database'],
  ])('%s imports %s', async (file, specifier) => {
    expect(await lint(file, `import '${specifier}'\n`)).not.toContain('lint/')
  })
})

/** What Biome says about one file with this text. */
async function lint(file: string, text: string): Promise<string> {
  const path = join(copy, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  try {
    const { code, stdout, stderr } = await run('biome', ['lint', '--vcs-enabled=false', file], { cwd: copy })
    if ((code === 0) === stdout.concat(stderr).includes('lint/'))
      throw new Error(`biome ended with ${code}:\n${stdout}${stderr}`)
    return stdout + stderr
  } finally {
    await rm(path)
  }
}
