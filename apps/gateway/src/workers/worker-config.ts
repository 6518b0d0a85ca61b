/** The configuration as one of several workers serves by it: a journal of its own with its part of the room, and its part of what replicas share. */
import type { LoadedConfig } from '@atp/core/config'
import type { Job } from './messages.ts'

export function workerConfig(loaded: LoadedConfig, { dataDir, workers }: Job): LoadedConfig {
  const { config } = loaded
  return {
    ...loaded,
    config: {
      ...config,
      data: {
        ...config.data,
        dir: dataDir,
        journal_limit_bytes: Math.ceil(config.data.journal_limit_bytes / workers),
      },
      limits: { ...config.limits, replicas: config.limits.replicas * workers },
    },
  }
}
