/** The Postgres of a test file: a given server, or our own, or the reason why there is none. */
import { createDatabase, dropDatabase } from './fresh-database.ts'
import { findPostgres } from './postgres-binaries.ts'
import { startPostgres } from './postgres-server.ts'

export interface AvailablePostgres {
  readonly missing: null
  /** A fresh, empty database. */
  createDatabase(): Promise<string>
  /** Removes what was made. */
  stop(): Promise<void>
}

export interface MissingPostgres {
  /** Why there is no Postgres: for the name of the skipped test. */
  readonly missing: string
}

export type PostgresForTests = AvailablePostgres | MissingPostgres

/**
 * `ATP_TEST_DATABASE_URL` names a server to make databases in; otherwise a throwaway server is started.
 * @throws {Error} where a server is named or installed, but does not work: that is a failure, not a reason to skip
 */
export async function postgresForTests(
  environment = process.env,
  find = findPostgres,
): Promise<PostgresForTests> {
  const given = environment.ATP_TEST_DATABASE_URL
  if (given !== undefined && given !== '') return inGivenServer(given)
  if (find(environment.PATH) === null) {
    return { missing: 'no Postgres: none installed, and ATP_TEST_DATABASE_URL is not set' }
  }
  const server = await startPostgres()
  return { missing: null, createDatabase: () => server.createDatabase(), stop: () => server.stop() }
}

function inGivenServer(serverUrl: string): AvailablePostgres {
  const made: string[] = []
  return {
    missing: null,
    async createDatabase() {
      const url = await createDatabase(serverUrl)
      made.push(url)
      return url
    },
    async stop() {
      for (const url of made.splice(0)) await dropDatabase(serverUrl, url)
    },
  }
}
