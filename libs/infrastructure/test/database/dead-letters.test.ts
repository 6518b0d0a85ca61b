/** A row that Postgres refuses must not hold up the others, and one that it only cannot take now must not be put aside. */
import { systemClock } from '@atp/core/clock'
import { SeededRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import { Client } from 'pg'
import { expect, it, onTestFinished, vi } from 'vitest'
import {
  DeadLetterOffice,
  PostgresDatabase,
  PostgresDrain,
  type SqliteJournal,
} from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, recordingLog, temporaryDirectory } from './stores.ts'
import { describeWithPostgres } from './with-postgres.ts'

const WAIT = { timeout: 30_000, interval: 20 }
await describeWithPostgres('rows that Postgres refuses', postgres => {
  /** A database with rules of its owner's. */
  async function strictTarget(): Promise<{ target: PostgresDatabase; query: Query }> {
    const url = await postgres().createDatabase()
    const target = new PostgresDatabase({ url: new Secret(url), replica: 'replica' })
    onTestFinished(() => target.close())
    await target.ready()
    const query = await connected(url)
    await query("alter table observations add constraint wholesome check (tenant <> 'poison')")
    await query("alter table decisions add constraint wholesome check (tenant <> 'poison')")
    return { target, query }
  }

  it('are put aside as they are, not another in the place of one that was dropped meanwhile', async () => {
    const { journal } = await openJournal(undefined)
    await journal.append(batch([observation(), observation()]))
    await journal.drained(1)
    const refusal = { code: '23514', reason: 'no', at: 1 }
    await journal.bury(1, refusal)
    expect([journal.condition.letters.all, journal.position.drained]).toEqual([0, 1])
    await journal.bury(2, refusal)
    expect([journal.condition.letters.all, journal.position.drained]).toEqual([1, 2])
  })

  it('are put aside alone, with the reason; all others arrive, in order', async () => {
    const { target, query } = await strictTarget()
    const path = temporaryDirectory()
    const { journal } = await openJournal(path)
    const rows = Array.from({ length: 300 }, (_, index) =>
      observation({ tenant: [0, 130, 131, 299].includes(index) ? 'poison' : 'acme' }),
    )
    const decisions = [decision({ tenant: 'poison' }), decision()]
    await journal.append(batch(rows, decisions))
    const drain = startDrain(journal, target)
    expect(await drain.flush(30_000)).toBe(0)
    const wholesome = rows.filter(({ tenant }) => tenant === 'acme').map(({ id }) => id)
    const stored = await query('select id from observations order by sequence')
    expect(stored.map(row => row.id)).toEqual(wholesome)
    expect(await query('select id from decisions')).toEqual([{ id: decisions[1]?.id }])
    expect(journal.condition.letters).toEqual({ all: 5, requeued: 0 })
    const office = openOffice(path)
    const poison = [...rows, decisions[0]].filter(row => row?.tenant === 'poison')
    expect(office.list(10).map(({ id, kind, code }) => ({ id, kind, code }))).toEqual(
      poison.map((row, index) => ({
        id: row?.id,
        kind: index < 4 ? 'observation' : 'decision',
        code: '23514',
      })),
    )
    expect(office.list(1)[0]?.reason).toContain('wholesome')
    expect(JSON.parse(office.find(rows[0]?.id as string)[0]?.row as string)).toMatchObject({
      id: rows[0]?.id,
      tenant: 'poison',
      cost_micro_usd: 1_234,
    })
  })

  it('arrive once their owner lets them, when they are sent again, and go where they are discarded', async () => {
    const { target, query } = await strictTarget()
    const path = temporaryDirectory()
    const { journal } = await openJournal(path)
    const chosen = decision({ tenant: 'poison' })
    const rows = [1, 2, 3].map(() => observation({ tenant: 'poison', decisionId: chosen.id }))
    await journal.append(batch(rows, [chosen]))
    startDrain(journal, target)
    await vi.waitFor(() => expect(journal.condition.letters.all).toBe(4), WAIT)
    const office = openOffice(path)
    const [first] = office.list(1)
    expect(office.requeue(rows[0]?.id as string)).toBe(1)
    await vi.waitFor(() => expect(office.list(1)[0]?.at).toBeGreaterThan(first?.at as number), WAIT)
    expect(office.list(1)[0]?.requeued).toBe(false)
    expect(office.discard(rows[1]?.id as string)).toBe(1)
    await query('alter table observations drop constraint wholesome')
    await query('alter table decisions drop constraint wholesome')
    expect(office.requeue(null)).toBe(3)
    await vi.waitFor(() => expect(journal.condition.letters.all).toBe(0), WAIT)
    const stored = await query('select id from observations order by sequence')
    expect(stored.map(row => row.id)).toEqual([rows[0]?.id, rows[2]?.id])
    expect(await query('select id, candidates from decisions')).toMatchObject([
      { id: chosen.id, candidates: [{ arm: 'openai/gpt' }, { arm: 'mistral/large' }] },
    ])
    // A replay has no need of Postgres: what was refused there was learned from here.
    expect(await journal.after(0, 10)).toHaveLength(3)
  })

  it('are none where Postgres takes no row at all: they wait', async () => {
    const { target, query } = await strictTarget()
    const [{ name } = {}] = await query('select current_database() as name')
    const { journal } = await openJournal()
    await query(`alter database ${name} set default_transaction_read_only = on`)
    await target.close()
    const readOnly = new PostgresDatabase({
      url: new Secret(databaseUrl(postgres().url, name as string)),
      replica: 'replica',
    })
    onTestFinished(() => readOnly.close())
    await journal.append(batch([observation(), observation()]))
    const drain = startDrain(journal, readOnly)
    await vi.waitFor(() => expect(drain.status()).toMatchObject({ connected: false, lag: 2 }), WAIT)
    expect(journal.condition.letters.all).toBe(0)
    await query(`alter database ${name} reset default_transaction_read_only`)
    await vi.waitFor(() => expect(drain.status()).toMatchObject({ connected: true, lag: 0 }), WAIT)
    expect(await query('select count(*)::int as rows from observations')).toEqual([{ rows: 2 }])
  })
})

type Query = (text: string) => Promise<Record<string, unknown>[]>

async function connected(url: string): Promise<Query> {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  return async text => (await client.query(text)).rows
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

function openOffice(path: string): DeadLetterOffice {
  const office = DeadLetterOffice.open(path)
  onTestFinished(() => office.close())
  return office
}

function startDrain(source: SqliteJournal, target: PostgresDatabase): PostgresDrain {
  const drain = new PostgresDrain({
    source,
    target,
    log: recordingLog().log,
    clock: systemClock,
    random: new SeededRandom(1),
    lingerMs: 1,
    backoffMs: { first: 5, longest: 20 },
  })
  source.onCommit(() => drain.notify())
  drain.start()
  onTestFinished(() => drain.stop())
  return drain
}
