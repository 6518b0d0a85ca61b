/** Rows that a process left behind reach Postgres, whoever starts next. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@atp/core/clock'
import { SystemRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { Client } from 'pg'
import { expect, it, onTestFinished, vi } from 'vitest'
import { OrphanJournals, openDatabase, PostgresDatabase } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, recordingLog, temporaryDirectory } from './stores.ts'
import { describeWithPostgres } from './with-postgres.ts'

const WAIT = { timeout: 30_000, interval: 20 }
await describeWithPostgres('journals that nobody writes to any more', postgres => {
  async function start(dataDir: string, url: string): Promise<() => Promise<void>> {
    const database = await openDatabase({
      dataDir,
      durability: 'process',
      databaseUrl: new Secret(url),
      log: recordingLog().log,
      clock: systemClock,
      random: new SystemRandom(),
    })
    onTestFinished(() => database.stop(0))
    database.start()
    return () => database.stop(0)
  }

  it('are adopted at a start, once each, and then go; one that is in use is left alone', async () => {
    const url = await postgres().createDatabase()
    const dataDir = temporaryDirectory()
    const left: string[] = []
    for (const worker of ['worker-1', 'worker-2']) {
      const { journal, close } = await openJournal(join(dataDir, worker))
      const chosen = decision()
      const rows = [observation({ decisionId: chosen.id }), observation()]
      await journal.append(batch(rows, [chosen]))
      left.push(...rows.map(({ id }) => id))
      await close()
    }
    const used = await openJournal(join(dataDir, 'worker-3'))
    await used.journal.append(batch([observation()]))
    await start(dataDir, url)
    await vi.waitFor(async () => expect(new Set(await idsIn(url))).toEqual(new Set(left)), WAIT)
    await vi.waitFor(() => expect(directoriesIn(dataDir)).toEqual(['worker-3']), WAIT)
  })

  it('are adopted whenever somebody looks again, also beside one with a row that Postgres refuses', async () => {
    const url = await postgres().createDatabase()
    await forbidPoison(url)
    const dataDir = temporaryDirectory()
    const leave = async (worker: string, tenant: string): Promise<string> => {
      const { journal, close } = await openJournal(join(dataDir, worker))
      const row = observation({ tenant })
      await journal.append(batch([row]))
      await close()
      return row.id
    }
    const orphans = orphansIn(dataDir, url)
    onTestFinished(() => orphans.stop())
    await leave('worker-1', 'poison')
    const left = [await leave('worker-2', 'acme')]
    orphans.start()
    await vi.waitFor(async () => expect(await idsIn(url)).toEqual(left), WAIT)
    left.push(await leave('worker-3', 'acme'))
    orphans.start()
    await vi.waitFor(async () => expect(await idsIn(url)).toEqual(left), WAIT)
    // The refused one waits for a person.
    await vi.waitFor(() => expect(directoriesIn(dataDir)).toEqual([expect.stringMatching(/^orphan-/)]), WAIT)
  })

  it('keep their directory and their name where they hold no rows, and only such are wanted', async () => {
    const url = await postgres().createDatabase()
    const dataDir = temporaryDirectory()
    const empty = await openJournal(join(dataDir, 'worker-1'))
    await empty.journal.drained(await empty.journal.append(batch([observation()])))
    await empty.close()
    const { journal, close } = await openJournal(join(dataDir, 'worker-2'))
    const row = observation()
    await journal.append(batch([row]))
    await close()
    const orphans = orphansIn(dataDir, url)
    onTestFinished(() => orphans.stop())
    orphans.start('waiting')
    await vi.waitFor(async () => expect(await idsIn(url)).toEqual([row.id]), WAIT)
    await vi.waitFor(() => expect(directoriesIn(dataDir)).toEqual(['worker-1']), WAIT)
    await (await openJournal(join(dataDir, 'worker-1'))).close()
  })

  it('hold up no stop where Postgres does not answer', async () => {
    const url = await postgres().createDatabase()
    await withPostgres(url, async () => undefined)
    const dataDir = temporaryDirectory()
    const { journal, close } = await openJournal(join(dataDir, 'worker-1'))
    await journal.append(batch([observation()]))
    await close()
    const orphans = orphansIn(dataDir, url)
    await withPostgres(url, async client => {
      await client.query('begin')
      await client.query('lock table observations in access exclusive mode')
      orphans.start()
      const waiting = 'select 1 from pg_locks where not granted'
      await vi.waitFor(async () => expect((await client.query(waiting)).rowCount).toBe(1), WAIT)
      await orphans.stop()
      expect(directoriesIn(dataDir)).toHaveLength(1)
    })
  }, 45_000)

  it('wait for Postgres, over another restart, and never stand in the way of a worker of their number', async () => {
    const url = await postgres().createDatabase()
    const dataDir = temporaryDirectory()
    const { journal, close } = await openJournal(join(dataDir, 'worker-1'))
    const row = observation()
    await journal.append(batch([row]))
    await close()
    await postgres().halt()
    const stop = await start(dataDir, url)
    await vi.waitFor(() => expect(existsSync(join(dataDir, 'worker-1'))).toBe(false), WAIT)
    const again = await openJournal(join(dataDir, 'worker-1'))
    await stop()
    await again.close()
    await postgres().resume()
    await start(dataDir, url)
    await vi.waitFor(async () => expect(await idsIn(url)).toEqual([row.id]), WAIT)
    await vi.waitFor(() => expect(directoriesIn(dataDir)).toEqual([]), WAIT)
  })
})

function directoriesIn(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
}

async function idsIn(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query('select id from observations')).rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

function orphansIn(dataDir: string, url: string): OrphanJournals {
  const databaseUrl = new Secret(url)
  const { log } = recordingLog()
  return new OrphanJournals({ dataDir, databaseUrl, log, clock: systemClock, random: new SystemRandom() })
}

function forbidPoison(url: string): Promise<void> {
  return withPostgres(url, async client => {
    await client.query("alter table observations add constraint wholesome check (tenant <> 'poison')")
  })
}

/** With its tables. */
async function withPostgres(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const target = new PostgresDatabase({ url: new Secret(url), replica: '' })
  await target.ready()
  await target.close()
  const client = new Client({ connectionString: url })
  await client.connect()
  await work(client).finally(() => client.end())
}
