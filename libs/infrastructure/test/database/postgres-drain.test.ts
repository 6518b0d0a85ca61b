import { systemClock } from '@atp/core/clock'
import { SeededRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import fc from 'fast-check'
import { Client } from 'pg'
import { expect, it, onTestFinished, vi } from 'vitest'
import {
  PostgresDatabase,
  PostgresDrain,
  type PostgresDrainOptions,
  type SqliteJournal,
} from '../../src/database/index.ts'
import { anyDecision, anyObservation, batch, decision, observation } from './records.ts'
import { openJournal, recordingLog, temporaryDirectory } from './stores.ts'
import { describeWithPostgres } from './with-postgres.ts'

await describeWithPostgres('the drain to Postgres', postgres => {
  async function freshTarget(): Promise<{ url: string; target: PostgresDatabase }> {
    const url = await postgres().createDatabase()
    return { url, target: openTarget(url) }
  }

  it('moves every row, in the order of commit', async () => {
    const { url, target } = await freshTarget()
    const { journal } = await openJournal()
    const rows = await fill(journal, 120)
    const drain = startDrain(journal, target, { batchSize: 50 })
    expect(await drain.flush(30_000)).toBe(0)
    expect(await storedIds(url, 'observations')).toEqual(rows.observations)
    expect(await storedIds(url, 'decisions')).toEqual(rows.decisions)
    expect(drain.status()).toMatchObject({ connected: true, lag: 0 })
  })

  it('follows the journal while it grows', async () => {
    const { url, target } = await freshTarget()
    const { journal } = await openJournal()
    startDrain(journal, target)
    const first = await fill(journal, 3)
    await vi.waitFor(
      async () => expect(await storedIds(url, 'observations')).toEqual(first.observations),
      WAIT,
    )
    const second = await fill(journal, 3)
    await vi.waitFor(
      async () =>
        expect(await storedIds(url, 'observations')).toEqual([...first.observations, ...second.observations]),
      WAIT,
    )
  })

  it('loses nothing and doubles nothing when Postgres goes away and comes back, and says each once', async () => {
    const { url, target } = await freshTarget()
    const { journal } = await openJournal()
    const { log, messages } = recordingLog()
    const drain = startDrain(journal, target, { log, batchSize: 10, backoffMs: { first: 5, longest: 20 } })
    const before = await fill(journal, 25)
    expect(await drain.flush(30_000)).toBe(0)
    await postgres().halt()
    const during = await fill(journal, 25)
    await vi.waitFor(() => expect(drain.status()).toMatchObject({ connected: false, lag: 50 }), WAIT)
    // A flush does not wait for a server that is away.
    expect(await drain.flush(10 * 60_000)).toBe(50)
    await postgres().resume()
    await vi.waitFor(() => expect(drain.status()).toMatchObject({ connected: true, lag: 0 }), WAIT)
    expect(await storedIds(url, 'observations')).toEqual([...before.observations, ...during.observations])
    expect(await storedIds(url, 'decisions')).toEqual([...before.decisions, ...during.decisions])
    expect(messages('warn')).toEqual(['Postgres takes no rows: they wait in the journal'])
    expect(messages('info')).toEqual(['Postgres takes rows again'])
  })

  it('survives a server process that is killed in the middle of a batch, and sends the batch again', async () => {
    const { url, target } = await freshTarget()
    await target.ready()
    const other = new Client({ connectionString: url })
    other.on('error', () => undefined)
    await other.connect()
    await other.query('begin; lock table observations in exclusive mode')
    const { journal } = await openJournal()
    const drain = startDrain(journal, target, { backoffMs: { first: 1, longest: 5 } })
    const rows = await fill(journal, 3)
    const blocked = `select pid from pg_stat_activity
      where wait_event_type = 'Lock' and query like '%insert into observations%' and datname = current_database()`
    const pid = await vi.waitFor(async () => {
      const [backend] = await query(url, blocked)
      expect(backend).toBeDefined()
      return backend?.pid as number
    }, WAIT)
    // Its connection breaks without a word, and the server drops all others: the lock goes too.
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(drain.status()).toMatchObject({ connected: true, lag: 0 }), WAIT)
    expect(await storedIds(url, 'observations')).toEqual(rows.observations)
    expect(await storedIds(url, 'decisions')).toEqual(rows.decisions)
  })

  it('resumes where it was when the process ends between the commit and the note of it', async () => {
    const { url, target } = await freshTarget()
    const path = temporaryDirectory()
    const before = await openJournal(path)
    const rows = await fill(before.journal, 30)
    const interrupted = startDrain(before.journal, target, { batchSize: 20 })
    vi.spyOn(before.journal, 'drained').mockRejectedValue(new Error('the process ended here'))
    await vi.waitFor(async () => expect(await storedIds(url, 'observations')).not.toEqual([]), WAIT)
    await interrupted.stop()
    await before.close()
    const after = await openJournal(path)
    expect(after.journal.position).toEqual({ last: 60, drained: 0 })
    const drain = startDrain(after.journal, target, { batchSize: 20 })
    expect(await drain.flush(30_000)).toBe(0)
    expect(await storedIds(url, 'observations')).toEqual(rows.observations)
    expect(await storedIds(url, 'decisions')).toEqual(rows.decisions)
    // The names of the arms were given to the first journal only.
    const arms = await query(url, "select distinct candidates -> 0 ->> 'arm' as arm from decisions")
    expect(arms).toEqual([{ arm: 'openai/gpt' }])
    await drain.stop()
    await after.close()
    expect((await openJournal(path)).journal.position).toEqual({ last: 60, drained: 60 })
  })

  it('deletes from the journal what is in Postgres and in the snapshot, and nothing else', async () => {
    const { target } = await freshTarget()
    const { journal } = await openJournal()
    await fill(journal, 10)
    const applied = (await journal.after(0, 100)).at(-1)?.sequence as number
    const drain = startDrain(journal, target)
    await drain.flush(30_000)
    expect(await journal.after(0, 100)).toHaveLength(10)
    await journal.save({ appliedSequence: applied, takenAt: 1, arms: {} })
    const later = await fill(journal, 5)
    await drain.flush(30_000)
    expect((await journal.after(0, 100)).map(row => row.observation.id)).toEqual(later.observations)
    for (const id of later.decisions) expect(await journal.find(id as never)).not.toBeNull()
  })

  it('never gives a sequence number twice, also when the journal was emptied', async () => {
    const { target } = await freshTarget()
    const path = temporaryDirectory()
    const before = await openJournal(path)
    const sequence = await before.journal.append(batch([observation()]))
    await before.journal.save({ appliedSequence: sequence, takenAt: 1, arms: {} })
    const drain = startDrain(before.journal, target)
    await drain.flush(30_000)
    await drain.stop()
    expect(await before.journal.after(0, 10)).toEqual([])
    await before.close()
    const { journal } = await openJournal(path)
    expect(await journal.append(batch([]))).toBe(sequence)
    expect(await journal.append(batch([observation()]))).toBeGreaterThan(sequence)
  })

  it('takes to Postgres whatever the journal took, value for value', async () => {
    const { url, target } = await freshTarget()
    const { journal } = await openJournal()
    const drain = startDrain(journal, target)
    let sequence = 0
    const property = fc.asyncProperty(anyObservation, anyDecision, async (seen, chosen) => {
      await journal.append(batch([seen], [chosen]))
      expect(await drain.flush(30_000)).toBe(0)
      const rows = await target.after(sequence, 10)
      sequence = rows.at(-1)?.sequence ?? sequence
      expect(rows.map(row => row.observation)).toEqual([seen])
      const [row] = await query(url, 'select * from decisions order by sequence desc limit 1')
      expect(row).toMatchObject({ id: chosen.id, seed: chosen.seed, weight_cost: chosen.weights.cost })
      expect(row?.candidates).toEqual(JSON.parse(JSON.stringify(chosen.candidates)))
    })
    await fc.assert(property, { numRuns: 50 })
  })

  it('is not stopped by text that Postgres cannot hold', async () => {
    const { url, target } = await freshTarget()
    const { journal } = await openJournal()
    const drain = startDrain(journal, target)
    await journal.append(batch([observation({ tenant: 'a\0b' })], [decision({ seed: 'c\ud800d\0' })]))
    expect(await drain.flush(30_000)).toBe(0)
    expect(await query(url, 'select tenant from observations')).toEqual([{ tenant: 'a\ufffdb' }])
    expect(await query(url, 'select seed from decisions')).toEqual([{ seed: 'c\ufffdd\ufffd' }])
  })

  it('brings a database up to date with replicas that start at the same time', async () => {
    const url = await postgres().createDatabase()
    const replicas = [1, 2, 3, 4].map(() => openTarget(url))
    await Promise.all(replicas.map(replica => replica.ready()))
    await Promise.all(replicas.map(replica => replica.append(batch([observation()], [decision()]))))
    expect(await storedIds(url, 'observations')).toHaveLength(4)
  })
})

const WAIT = { timeout: 30_000, interval: 20 }

function openTarget(url: string): PostgresDatabase {
  const database = new PostgresDatabase({ url: new Secret(url), replica: 'replica' })
  onTestFinished(() => database.close())
  return database
}

function startDrain(
  source: SqliteJournal,
  target: PostgresDatabase,
  options: Partial<PostgresDrainOptions> = {},
): PostgresDrain {
  const { log } = recordingLog()
  const drain = new PostgresDrain({
    source,
    target,
    log,
    clock: systemClock,
    random: new SeededRandom(1),
    lingerMs: 1,
    ...options,
  })
  source.onCommit(() => drain.notify())
  drain.start()
  onTestFinished(() => drain.stop())
  return drain
}

/** One decision and its observation an append. */
async function fill(
  journal: SqliteJournal,
  count: number,
): Promise<{ observations: string[]; decisions: string[] }> {
  const decisions = Array.from({ length: count }, () => decision())
  const observations = decisions.map(({ id }) => observation({ decisionId: id }))
  await Promise.all(
    observations.map((row, index) => journal.append(batch([row], decisions.slice(index, index + 1)))),
  )
  return { observations: observations.map(row => row.id), decisions: decisions.map(row => row.id) }
}

async function storedIds(url: string, table: string): Promise<unknown[]> {
  const exists = await query(url, `select to_regclass('${table}') as name`)
  if (exists[0]?.name === null) return []
  return (await query(url, `select id from ${table} order by sequence`)).map(row => row.id)
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
