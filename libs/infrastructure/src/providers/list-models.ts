/** `GET /models`: whether an upstream is there and takes our key, for no money. */
import { UpstreamError } from '@atp/domain/adapter'
import type { Pool } from 'undici'
import { failureOfStatus, isSuccess } from './upstream-status.ts'

/** @throws {UpstreamError} unless it answers with success */
export async function listModels(
  { name, pool, path }: { readonly name: string; readonly pool: Pool; readonly path: string },
  headers: string[],
  signal: AbortSignal,
): Promise<void> {
  const status = await statusOf(pool, path, headers, signal).catch((cause: unknown) => {
    const failure = signal.aborted ? 'cancelled' : 'failed'
    throw new UpstreamError(failure, `${name} does not list its models`, { cause })
  })
  if (isSuccess(status)) return
  throw new UpstreamError(failureOfStatus(status), `${name} answered with status ${status}`, { status })
}

async function statusOf(pool: Pool, path: string, headers: string[], signal: AbortSignal): Promise<number> {
  const { statusCode, body } = await pool.request({ path, method: 'GET', headers, signal })
  await body.dump({ limit: MOST_BYTES, signal })
  return statusCode
}

/** A longer list costs its connection. */
const MOST_BYTES = 1_048_576
