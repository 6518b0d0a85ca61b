/** Makes development keys and says where they are, not what they are: standard output is the log. */
import type { AppContainer } from '@atp/core/container'
import { developmentKeys } from '../tenancy/development-keys.ts'
import * as T from '../tokens.ts'

/** @param dataDir where they are kept */
export async function makeDevelopmentKeys({ resolve }: AppContainer, dataDir: string): Promise<string[]> {
  if (!resolve(T.CONFIG).auth.enabled) return []
  const { dataKeyFile, adminKeyFile } = await developmentKeys({
    dataDir,
    directory: resolve(T.DIRECTORY),
    tenants: resolve(T.TENANTS),
    keys: resolve(T.KEYS),
    clock: resolve(T.CLOCK),
  })
  return [`dev key in ${dataKeyFile}`, ...(adminKeyFile === null ? [] : [`admin key in ${adminKeyFile}`])]
}
