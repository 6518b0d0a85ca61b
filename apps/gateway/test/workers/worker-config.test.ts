import { loadConfig } from '@atp/core/config'
import { expect, it } from 'vitest'
import { workerConfig } from '../../src/workers/worker-config.ts'

it("a worker has a journal of its own, and with the others no more room and no more of the tenants' limits than one process", () => {
  const loaded = loadConfig({ env: { ATP_DATA_JOURNAL_LIMIT_BYTES: '1001', ATP_LIMITS_REPLICAS: '3' } })
  const job = { configuration: null, workers: 4, developmentKeysIn: null, readyFirst: false }
  const { config } = workerConfig(loaded, { ...job, dataDir: '/data/worker-2' })
  expect([config.data.dir, config.data.journal_limit_bytes, config.limits.replicas]).toEqual([
    '/data/worker-2',
    251,
    12,
  ])
})
