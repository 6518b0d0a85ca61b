/** A snapshot that is spoilt in the database, in either dialect: a start warns, learns from the observations, and goes on. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Secret } from '@atp/core/secret'
import { recover } from '@atp/domain/observation'
import { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PostgresDatabase } from '../../src/database/index.ts'
import { learnedOver } from './learning.ts'
import { batch, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'
import { describeWithPostgres } from './with-postgres.ts'

const JUDGED = 12

type Store = PostgresDatabase | Awaited<ReturnType<typeof openJournal>>['journal']
type Recovered = { readonly warnings: string[]; readonly judged: number }

/** Learns twelve judgements, saves the snapshot, and spoils it by one statement. */
async function fill(store: Store): Promise<void> {
  const learned = learnedOver(store)
  const rows = Array.from({ length: JUDGED }, (_, index) => observation({ at: 1_000 + index, quality: 1 }))
  const sequence = await store.append(batch(rows))
  for (const row of rows)
    learned.apply(row, { task: null, pinned: false, features: null, signal: null, at: 0 })
  await store.save({ appliedSequence: sequence, takenAt: 1, arms: learned.snapshot() })
}

async function start(store: Store): Promise<Recovered> {
  const learned = learnedOver(store)
  const warnings: string[] = []
  await recover({
    snapshots: store,
    observations: store,
    learner: learned,
    contexts: learned.contexts,
    warn: message => warnings.push(message),
  })
  const posterior = new Float64Array(2)
  learned.bandit.posteriors(0, posterior)
  const [alpha, beta] = posterior as unknown as [number, number]
  expect(alpha).toBeGreaterThan(0)
  expect(beta).toBeGreaterThan(0)
  return { warnings, judged: alpha - 1 }
}

const ARM = `'{"openai/gpt":`
/** What is set where, and how many judgements are believed afterwards. */
const SPOILT: readonly [what: string, set: string, judged: number][] = [
  ['the quality is null, as JSON writes NaN', `arms = ${ARM}{"quality":[2,null,0,5]}}'`, 0],
  ['a count is negative', `arms = ${ARM}{"quality":[2,-4,0,5]}}'`, 0],
  ['the arm is a string', `arms = ${ARM}"NaN"}'`, 0],
  ['the arm has another version', `arms = replace(cast(arms as text), '"quality":[2', '"quality":[99')`, 0],
  ['a count is huge', `arms = replace(cast(arms as text), ',${JUDGED},0,', ',1e300,0,')`, 0],
  ['it is a list', `arms = '[1, 2, 3]'`, JUDGED],
  ['it is null', `arms = 'null'`, JUDGED],
  ['its place is negative', 'applied_sequence = -7', JUDGED],
]

describe('a spoilt snapshot in the journal', () => {
  async function afterSpoiling(set: string): Promise<Recovered> {
    const directory = temporaryDirectory()
    const before = await openJournal(directory)
    await fill(before.journal)
    await before.close()
    const database = new DatabaseSync(join(directory, 'journal.sqlite'))
    expect(database.prepare(`update snapshots set ${set}`).run().changes).toBe(1)
    database.close()
    return start((await openJournal(directory)).journal)
  }

  it.each([
    ...SPOILT,
    ['its text is cut off', 'arms = substr(arms, 1, 40)', JUDGED] as const,
    ['its text is empty', "arms = ''", JUDGED] as const,
  ])('is never fatal where %s', async (_what, set, judged) => {
    const recovered = await afterSpoiling(set)
    expect(recovered.warnings.length).toBe(1)
    expect(recovered.judged).toBe(judged)
  })

  it('is none where nothing was spoilt', async () => {
    expect(await afterSpoiling('taken_at = 2')).toEqual({ warnings: [], judged: JUDGED })
  })
})

await describeWithPostgres('a spoilt snapshot in Postgres, which takes no JSON that is none', postgres => {
  it.each(SPOILT)('is never fatal where %s', async (_what, set, judged) => {
    const url = await postgres().createDatabase()
    const store = new PostgresDatabase({ url: new Secret(url), replica: 'replica' })
    onTestFinished(() => store.close())
    await fill(store)
    const client = new Client({ connectionString: url })
    await client.connect()
    const typed = set.replace(/^arms = (.*)$/, 'arms = cast($1 as json)')
    expect((await client.query(`update snapshots set ${typed}`)).rowCount).toBe(1)
    await client.end()
    const recovered = await start(store)
    expect(recovered.warnings.length).toBe(1)
    expect(recovered.judged).toBe(judged)
  })
})
