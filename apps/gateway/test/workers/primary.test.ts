import { ManualClock } from '@atp/core/clock'
import { createLogger } from '@atp/core/logging'
import { typescriptNative } from '@atp/native'
import { expect, it } from 'vitest'
import { readPlan } from '../../src/workers/plan.ts'
import { Primary } from '../../src/workers/primary.ts'
import type { Ended, WorkerProcess } from '../../src/workers/process.ts'

const WAIT = { timeout: 30_000 }

/** Two workers without processes; the answers of those that are to retire wait for `release`. */
function setUp() {
  const plan = readPlan({ env: { DATABASE_URL: 'postgres://127.0.0.1/atp' } }, 2)
  const retiring: (() => void)[] = []
  const workers: { readonly begin: () => void; readonly die: () => void }[] = []
  let begins = true
  const launch = (): WorkerProcess => {
    const { promise: ended, resolve: end } = Promise.withResolvers<Ended>()
    const began = Promise.withResolvers<void>()
    if (begins) began.resolve()
    workers.push({ begin: began.resolve, die: () => end({ code: null, signal: 'SIGKILL' }) })
    const answers: Readonly<Record<string, () => unknown>> = {
      begin: () => began.promise.then(() => ({ url: 'http://127.0.0.1:1', notes: [] })),
      retire: () => new Promise<void>(resolve => retiring.push(resolve)),
      stop: () => ({ unfinished: [], figures: null }),
    }
    return {
      pid: 1,
      wire: { ask: async (name: string) => answers[name]?.() } as never,
      ended,
      hangUp: () => end({ code: 0, signal: null }),
      kill: () => end({ code: null, signal: 'SIGKILL' }),
    }
  }
  let complete = 0
  const primary = new Primary({
    launch,
    plan,
    dev: false,
    log: createLogger({ level: 'silent' }),
    clock: new ManualClock(),
    native: typescriptNative,
    onComplete: () => {
      complete += 1
    },
    onHopeless: () => undefined,
  })
  return {
    primary,
    plan,
    workers,
    retiring,
    complete: () => complete,
    hold: () => {
      begins = false
    },
  }
}

it('says that all workers have their journals once they have, and whenever one has left another to nobody', async () => {
  const { primary, plan, workers, retiring, complete, hold } = setUp()
  await primary.start()
  expect(complete()).toBe(1)
  await primary.replace(plan)
  const replaced = complete()
  for (const retired of retiring) retired()
  await expect.poll(complete, WAIT).toBe(replaced + 2)
  // One dies: its journal is its successor's, however long that takes to begin.
  hold()
  workers.at(-1)?.die()
  await expect.poll(() => workers.length, WAIT).toBe(5)
  expect(complete()).toBe(replaced + 2)
  workers.at(-1)?.begin()
  await expect.poll(complete, WAIT).toBe(replaced + 3)
  await primary.stop()
  expect(complete()).toBe(replaced + 3)
})
