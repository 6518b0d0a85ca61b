/** Each library can be used by itself, from its tarball, under plain Node and TypeScript, and brings nothing that its user didn't ask for. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { output, run } from './support/run.ts'
import { type ScratchConsumer, scratchConsumer } from './support/scratch-consumer.ts'

let consumer: ScratchConsumer

beforeAll(async () => {
  consumer = await scratchConsumer(['native', 'core', 'domain', 'infrastructure'])
})

afterAll(() => consumer[Symbol.asyncDispose]())

test('every published entry can be imported', async () => {
  expect(consumer.entries.length).toBeGreaterThan(10)
  for (const entry of consumer.entries) {
    expect((await loadedBy(entry)).length, entry).toBeGreaterThan(0)
  }
})

test.each(['@atp/native', '@atp/domain/routing', '@atp/domain/replication', '@atp/core/clock'])(
  '%s loads no third-party package',
  async entry => {
    const foreign = (await loadedBy(entry)).filter(url => !url.includes('/node_modules/@atp/'))
    expect(foreign).toEqual([])
  },
)

test('the routing and the native module run without database, HTTP client and server', async () => {
  const loaded = await loadedBy(
    '@atp/native',
    '@atp/domain/routing',
    '@atp/domain/adapter',
    '@atp/domain/observation',
  )
  expect(loaded.filter(url => /\/node_modules\/(pg|undici|fastify|kysely)\//.test(url))).toEqual([])
})

test('every published entry has types that a strict consumer can use', async () => {
  const imports = consumer.entries.map((entry, index) => `import * as entry${index} from '${entry}'`)
  const uses = consumer.entries.map((_, index) => `export type Names${index} = keyof typeof entry${index}`)
  await writeFile(join(consumer.directory, 'uses.ts'), [...imports, ...uses, ''].join('\n'))
  expect(await typeCheck('uses.ts')).toBe('')
})

test('the published types are the real ones, and not any', async () => {
  const source = [
    "import { loadNative } from '@atp/native'",
    "import { systemClock } from '@atp/core/clock'",
    'export const a: string = loadNative',
    'export const b: string = systemClock',
    '',
  ]
  await writeFile(join(consumer.directory, 'misuses.ts'), source.join('\n'))
  const complaints = await typeCheck('misuses.ts')
  expect(complaints).toContain('misuses.ts(3,')
  expect(complaints).toContain('misuses.ts(4,')
})

test('what replicas share runs without a database', async () => {
  const loaded = await loadedBy('@atp/infrastructure/redis', '@atp/infrastructure/replication')
  expect(loaded.filter(url => /\/node_modules\/(pg|undici|fastify|kysely)\//.test(url))).toEqual([])
})

/** The URLs of all files that Node loads for these entries. */
async function loadedBy(...entries: readonly string[]): Promise<readonly string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    for (const entry of ${JSON.stringify(entries)}) await import(entry)
    console.log(JSON.stringify(loaded.filter(url => url.startsWith('file:'))))`
  return JSON.parse(await output('node', ['--input-type=module', '-e', script], { cwd: consumer.directory }))
}

/** What TypeScript has to say about one file of the consumer; empty when all is well. */
async function typeCheck(file: string): Promise<string> {
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
    '--skipLibCheck',
  ]
  return (await run('tsc', [...options, file], { cwd: consumer.directory })).stdout
}
