/** What is opened before anything can be wired: the secrets, and with theirs the database. */
import { type Config, parseDuration } from '@atp/core/config'
import { type Database, type OpenDatabaseOptions, openDatabase } from '@atp/infrastructure/database'
import type { SecretStore } from '@atp/infrastructure/secrets'
import { serverAddress } from './secrets/open-secrets.ts'

type Surroundings = Pick<OpenDatabaseOptions, 'log' | 'clock' | 'random'>

/** Closes the secrets again where something fails. @throws {AtpError} `start_failed` */
export async function openStorage(
  config: Config,
  secrets: SecretStore,
  surroundings: Surroundings,
): Promise<Database> {
  try {
    await secrets.open()
    const databaseUrl = serverAddress(secrets, config.database)
    return await openDatabase({
      dataDir: config.data.dir,
      ...journalOf(config),
      ...(databaseUrl === null ? {} : { databaseUrl }),
      ...surroundings,
    })
  } catch (error) {
    await secrets.close()
    throw error
  }
}

/** Without Postgres the record is here to stay: where it is full, its oldest rows give way, and otherwise new work does. */
function journalOf({ data, database }: Config) {
  const whenFull = data.journal_full ?? (database.url === null ? 'drop-oldest' : 'refuse')
  return {
    durability: data.durability,
    limits: { limitBytes: data.journal_limit_bytes, whenFull },
    commitTimeoutMs: parseDuration(data.commit_timeout),
  }
}
