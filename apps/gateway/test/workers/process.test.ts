import cluster from 'node:cluster'
import { afterEach, expect, it } from 'vitest'
import { launchWorker } from '../../src/workers/process.ts'

afterEach(() => {
  cluster.setupPrimary({ cwd: process.cwd() })
})

it('a worker that the system does not start has ended, and nobody else with it', async () => {
  cluster.setupPrimary({ cwd: '/nowhere/at/all' })
  const worker = launchWorker({} as never)
  const begun = worker.wire.ask('begin', {} as never)
  await expect(begun).rejects.toThrow('gone')
  worker.kill()
  expect((await worker.ended).code).not.toBe(0)
})
