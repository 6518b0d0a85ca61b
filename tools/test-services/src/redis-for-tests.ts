/** The Redis of a test file: a given server, or our own, or the reason why there is none. Tests that harm it start their own. */
import { findRedis, startRedis } from './redis-server.ts'

export interface AvailableRedis {
  readonly missing: null
  readonly url: string
  stop(): Promise<void>
}

export interface MissingRedis {
  /** Why there is no Redis: for the name of the skipped test. */
  readonly missing: string
}

export type RedisForTests = AvailableRedis | MissingRedis

/**
 * `ATP_TEST_REDIS_URL` names a server, whose keys of other names are left alone; otherwise a throwaway server is started.
 * @throws {Error} where a server is installed, but does not work: that is a failure, not a reason to skip
 */
export async function redisForTests(environment = process.env, find = findRedis): Promise<RedisForTests> {
  const given = environment.ATP_TEST_REDIS_URL
  if (given !== undefined && given !== '') return { missing: null, url: given, stop: async () => undefined }
  if (find(environment.PATH) === null) {
    return { missing: 'no Redis: none installed, and ATP_TEST_REDIS_URL is not set' }
  }
  const server = await startRedis()
  return { missing: null, url: server.url, stop: () => server.stop() }
}
