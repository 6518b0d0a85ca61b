/** A suite that needs a Postgres of its own, which its tests may halt: skipped, with the reason in its name, where none can be started. */
import { type PostgresServer, postgresForTests, startPostgres } from '@atp/test-services'
import { afterAll, beforeAll, describe } from 'vitest'

/** @param define the tests; they ask for the server when they run */
export async function describeWithPostgres(
  name: string,
  define: (postgres: () => PostgresServer) => void,
): Promise<void> {
  const probe = await postgresForTests()
  if (probe.missing === null) await probe.stop()
  const isMissing = probe.missing !== null
  describe.skipIf(isMissing)(isMissing ? `${name} (skipped: ${probe.missing})` : name, () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await startPostgres()
    })
    afterAll(() => server.stop())

    define(() => server)
  })
}
