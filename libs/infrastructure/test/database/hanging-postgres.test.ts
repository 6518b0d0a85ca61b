/** A Postgres that takes connections and never answers is as good as away: nobody waits for it as long as it hangs. */
import { systemClock } from '@atp/core/clock'
import { SystemRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { postgresForTests, startPostgres } from '@atp/test-services'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Database, openDatabase } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, recordingLog, temporaryDirectory } from './stores.ts'

const WAIT = { timeout: 30_000, interval: 20 }
/** A query is given up after a minute. */
const DEADLINE_MS = 45_000
const probe = await postgresForTests()
if (probe.missing === null) await probe.stop()
const suite = 'while Postgres hangs'

/** One row is in Postgres; then it hangs. */
async function hanging(
  durability: 'process' | 'database' = 'process',
): Promise<{ database: Database; dataDir: string; unpause: () => void }> {
  const server = await startPostgres()
  onTestFinished(async () => {
    server.unpause()
    await server.stop()
  })
  const dataDir = temporaryDirectory()
  const database = await openDatabase({
    dataDir,
    durability,
    commitTimeoutMs: 300,
    databaseUrl: new Secret(await server.createDatabase()),
    log: recordingLog().log,
    clock: systemClock,
    random: new SystemRandom(),
  })
  database.start()
  await database.journal.append(batch([observation()]))
  await vi.waitFor(() => expect(database.drainStatus()?.lag).toBe(0), WAIT)
  server.pause()
  return { database, dataDir, unpause: () => server.unpause() }
}

describe.skipIf(probe.missing !== null)(
  probe.missing === null ? suite : `${suite} (skipped: ${probe.missing})`,
  () => {
    it(
      'feedback is known by what the journal holds, snapshots are saved there, and what only Postgres could know is refused',
      async () => {
        const { database } = await hanging()
        const row = observation()
        await database.journal.append(batch([row]))
        expect([...(await database.observations.known([row.id, 'another']))]).toEqual([row.id])
        const snapshot = { appliedSequence: 2, takenAt: 1, arms: {} }
        await database.snapshots.save(snapshot)
        expect(await database.snapshots.load()).toEqual(snapshot)
        await expect(database.decisions.find(decision().id)).rejects.toMatchObject({ code: 'overloaded' })
        await database.stop(0)
      },
      DEADLINE_MS,
    )

    it(
      'new work is refused where its word is asked for, from the first answer that waited in vain until it answers',
      async () => {
        const { database, unpause } = await hanging('database')
        await database.journal.append(batch([observation()]))
        expect(database.refusal()).toBeNull()
        await expect(database.confirmed()).rejects.toMatchObject({ code: 'storage_unavailable' })
        expect(database.refusal()).toMatchObject({ code: 'storage_unavailable' })
        expect(database.readiness().state).toBe('failed')
        unpause()
        await vi.waitFor(() => expect(database.refusal()).toBeNull(), WAIT)
        await database.stop(5_000)
      },
      DEADLINE_MS,
    )

    it(
      'a stop closes the journal, with the rows that Postgres did not take',
      async () => {
        const { database, dataDir } = await hanging()
        const row = observation()
        await database.journal.append(batch([row]))
        await database.stop(500)
        const { journal, close } = await openJournal(dataDir)
        const { last, drained } = journal.position
        expect(last - drained).toBe(1)
        await close()
      },
      DEADLINE_MS,
    )
  },
)
