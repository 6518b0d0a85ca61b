/** What was decided and what came of it, for `replay`: read beside a running gateway, without its lock, and without changing anything. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpError } from '@atp/core/errors'
import type { LiveSecret } from '@atp/core/secret'
import type { LoggedDecision } from '@atp/domain/replay'
import { Kysely } from 'kysely'
import { decodeCandidates } from './journal/candidates-decoder.ts'
import { nodeSqliteDialect } from './journal/node-sqlite-dialect.ts'
import { JOURNAL_FILE } from './journal/protocol.ts'
import { PostgresDatabase } from './postgres/postgres-database.ts'
import { Repositories } from './repositories.ts'
import type { Schema } from './schema.ts'

export interface DecisionLogOptions {
  readonly dataDir: string
  /** With it the log is Postgres's: what still waits in the journal is not in it. */
  readonly databaseUrl?: LiveSecret
  /** Only decisions since then, milliseconds since 1970. */
  readonly since: number
  /** The youngest so many. */
  readonly limit: number
}

type Row = Awaited<ReturnType<Repositories['decided']>>[number]

/**
 * In the order in which they were decided.
 * @throws {AtpError} `start_failed` where there is no journal in the directory
 */
export async function readDecisionLog(options: DecisionLogOptions): Promise<LoggedDecision[]> {
  const { databaseUrl } = options
  const log = databaseUrl === undefined ? await ofJournal(options) : await ofPostgres(databaseUrl, options)
  return log.reverse()
}

async function ofJournal({ dataDir, since, limit }: DecisionLogOptions): Promise<LoggedDecision[]> {
  const file = join(dataDir, JOURNAL_FILE)
  if (!existsSync(file)) {
    throw new AtpError('start_failed', {
      detail: `there is no journal at ${file}: nothing was recorded there`,
    })
  }
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const names = database.prepare('select name from names order by number').all()
    const dictionary = names.map(({ name }) => name as string)
    const repositories = new Repositories(new Kysely<Schema>({ dialect: nodeSqliteDialect(database) }), '')
    const rows = await repositories.decided(since, limit)
    return rows.map(row =>
      loggedOf(row, decodeCandidates(row.candidates as Uint8Array, row.exclusions ?? null, dictionary)),
    )
  } finally {
    database.close()
  }
}

async function ofPostgres(url: LiveSecret, { since, limit }: DecisionLogOptions): Promise<LoggedDecision[]> {
  const database = new PostgresDatabase({ url, replica: '' })
  try {
    const rows = await database.decided(since, limit)
    return rows.map(row => loggedOf(row, JSON.parse(row.candidates as string)))
  } finally {
    await database.close()
  }
}

function loggedOf(row: Row, candidates: unknown[]): LoggedDecision {
  const weights = { quality: row.weight_quality, cost: row.weight_cost, latency: row.weight_latency }
  // A version before knew no blind choices, and its journal no such column.
  const { arm, strategy, exploration = 0, quality, shadow_strategy = null, shadow_arm = null } = row
  const shadow = shadow_arm === null ? null : { strategy: shadow_strategy, arm: shadow_arm }
  const costUsd = row.cost_micro_usd === null ? null : row.cost_micro_usd / 1e6
  return {
    arm,
    strategy,
    weights,
    pinned: Boolean(row.pinned),
    exploration,
    shadow,
    candidates,
    quality,
    costUsd,
  } as unknown as LoggedDecision
}
