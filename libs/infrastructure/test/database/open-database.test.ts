import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { ManualClock } from '@atp/core/clock'
import { SeededRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Database, openDatabase, PostgresDatabase } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { recordingLog, temporaryDirectory } from './stores.ts'
import { describeWithPostgres } from './with-postgres.ts'

const clock = new ManualClock()
const WAIT = { timeout: 30_000, interval: 20 }

async function open(dataDir: string, databaseUrl?: string): Promise<Database> {
  const database = await openDatabase({
    dataDir,
    durability: 'process',
    log: recordingLog().log,
    clock,
    random: new SeededRandom(1),
    ...(databaseUrl === undefined ? {} : { databaseUrl: new Secret(databaseUrl) }),
  })
  onTestFinished(() => database.stop(0))
  return database
}

describe('the database without Postgres', () => {
  it('keeps rows and snapshots over a restart', async () => {
    const dataDir = temporaryDirectory()
    const before = await open(dataDir)
    before.start()
    const chosen = decision()
    const sequence = await before.journal.append(batch([observation({ decisionId: chosen.id })], [chosen]))
    await before.snapshots.save({ appliedSequence: sequence, takenAt: clock.now(), arms: { 'a/a': 1 } })
    expect(before.readiness()).toEqual({ state: 'ready', reason: null })
    expect(before.drainStatus()).toBeNull()
    await before.stop(1_000)
    const after = await open(dataDir)
    expect(after.replica).toBe(before.replica)
    expect(await after.decisions.find(chosen.id)).toMatchObject({ arm: chosen.arm })
    expect(await after.observations.after(0, 10)).toHaveLength(1)
    expect(await after.snapshots.load()).toMatchObject({ appliedSequence: sequence, arms: { 'a/a': 1 } })
  })

  it('says that it has failed once it is closed, and lets go of the directory', async () => {
    const dataDir = temporaryDirectory()
    const database = await open(dataDir)
    await database.stop(0)
    await database.stop(0)
    expect(database.readiness().state).toBe('failed')
    await open(dataDir)
  })

  it('refuses a URL that is none, never shows it, and lets go of the directory', async () => {
    const dataDir = temporaryDirectory()
    const url = 'postgres//user:hunter2@host/db'
    const error = await open(dataDir, url).catch((refusal: unknown) => refusal)
    expect(error).toMatchObject({ code: 'invalid_config', problems: [{ field: 'database.url' }] })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
    await open(dataDir)
  })

  it('never shows the password of a database it uses', async () => {
    const database = new PostgresDatabase({
      url: new Secret('postgres://u:hunter2@127.0.0.1:1/x'),
      replica: 'r',
    })
    expect(inspect(database, { depth: 9, showHidden: true })).not.toContain('hunter2')
    const error = await database.ready().catch((refusal: unknown) => refusal)
    expect(error).toBeInstanceOf(Error)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    await database.close()
  })
})

await describeWithPostgres('the database with Postgres', postgres => {
  it('drains on stop, so that a fresh volume finds decisions, ids and the snapshot', async () => {
    const url = await postgres().createDatabase()
    const first = await open(temporaryDirectory(), url)
    first.start()
    const chosen = decision()
    const seen = observation({ decisionId: chosen.id })
    const sequence = await first.journal.append(batch([seen], [chosen]))
    await first.snapshots.save({
      appliedSequence: sequence,
      takenAt: clock.now(),
      arms: { 'a/a': { n: 1 } },
    })
    const context = { tenant: 'acme', task: 'code', savedAt: 5, arms: { 'a/a': [1, 2] } }
    await first.contexts.saveContexts([{ ...context, appliedSequence: sequence }])
    await first.stop(30_000)
    const fresh = await open(temporaryDirectory(), url)
    expect(await fresh.decisions.find(chosen.id)).toMatchObject({ id: chosen.id, arm: chosen.arm })
    expect(await fresh.observations.known([seen.id, 'stranger'])).toEqual(new Set([seen.id]))
    // What the fresh journal gets from now on is not in that snapshot.
    expect(await fresh.snapshots.load()).toEqual({
      appliedSequence: 0,
      takenAt: clock.now(),
      arms: { 'a/a': { n: 1 } },
    })
    expect(await fresh.contexts.loadContext(context)).toEqual({ ...context, appliedSequence: 0 })
    expect(await fresh.contexts.contextsAhead(0)).toEqual([])
    expect(await fresh.observations.after(0, 10)).toEqual([])
  })

  it('starts and records without Postgres, and is degraded, not failed', async () => {
    const url = await postgres().createDatabase()
    await postgres().halt()
    const database = await open(temporaryDirectory(), url)
    database.start()
    await database.journal.append(batch([observation()]))
    await vi.waitFor(() => expect(database.readiness().state).toBe('degraded'), WAIT)
    expect(database.readiness().reason).toBe('Postgres is away, 1 rows wait in the journal')
    await expect(database.decisions.find('older' as never)).rejects.toMatchObject({ code: 'overloaded' })
    expect(await database.observations.known(['x'])).toEqual(new Set())
    expect(await database.snapshots.load()).toBeNull()
    const context = { tenant: 'acme', task: null, appliedSequence: 1, savedAt: 5, arms: {} }
    expect(await database.contexts.loadContext(context)).toBeNull()
    await database.contexts.saveContexts([context])
    expect(await database.contexts.loadContext(context)).toEqual(context)
    await postgres().resume()
    await vi.waitFor(() => expect(database.readiness()).toEqual({ state: 'ready', reason: null }), WAIT)
    await vi.waitFor(() => expect(database.drainStatus()).toMatchObject({ connected: true, lag: 0 }), WAIT)
  })

  it('asks Postgres whether a decision was pinned that has left the journal', async () => {
    const url = await postgres().createDatabase()
    const dataDir = temporaryDirectory()
    const database = await open(dataDir, url)
    database.start()
    const [pinned, free] = [decision({ pinned: true }), decision({ features: 'AACAPw==' })]
    const rows = [observation({ decisionId: pinned.id }), observation({ decisionId: free.id })]
    const sequence = await database.journal.append(batch(rows, [pinned, free]))
    await database.snapshots.save({ appliedSequence: sequence + 2, takenAt: clock.now(), arms: {} })
    await database.journal.append(batch([observation()]))
    await vi.waitFor(() => expect(database.drainStatus()).toMatchObject({ connected: true, lag: 0 }), WAIT)
    const feedback = [pinned, free].map(({ id }) => observation({ kind: 'feedback', decisionId: id }))
    await database.journal.append(batch(feedback))
    await vi.waitFor(
      async () => expect((await database.observations.after(0, 1))[0]?.sequence).toBeGreaterThan(sequence),
      WAIT,
    )
    const replayed = (await database.observations.after(sequence + 2, 10)).slice(-2)
    expect(replayed.map(row => row.context)).toEqual([
      { task: null, pinned: true, features: null, signal: null, at: pinned.at },
      { task: null, pinned: false, features: 'AACAPw==', signal: null, at: free.at },
    ])
  })

  it('keeps what a deadline left undrained for the next start', async () => {
    const url = await postgres().createDatabase()
    const dataDir = temporaryDirectory()
    await postgres().halt()
    const before = await open(dataDir, url)
    before.start()
    const rows = [observation(), observation()]
    await before.journal.append(batch(rows))
    await before.stop(10)
    expect(readFileSync(join(dataDir, 'replica-id'), 'utf8').trim()).toBe(before.replica)
    await postgres().resume()
    const after = await open(dataDir, url)
    after.start()
    await vi.waitFor(() => expect(after.drainStatus()).toMatchObject({ connected: true, lag: 0 }), WAIT)
    const target = new PostgresDatabase({ url: new Secret(url), replica: 'r' })
    onTestFinished(() => target.close())
    expect((await target.after(0, 10)).map(row => row.observation)).toEqual(rows)
  })
})
