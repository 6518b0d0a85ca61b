/** What a context takes in memory: its figures for both kinds of strategy, its name and its place among the others. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { contextsOf } from './context-operations.ts'

const COUNT = 100_000

/** Bytes. @param arms that it has experience of */
export async function bytesPerContext(arms: number): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const used = () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  const { store, keys } = contextsOf(COUNT, arms)
  // What is loaded behind has come.
  await new Promise(resolve => setImmediate(resolve))
  const keysFrom = used()
  const copies = keys.map(({ tenant, task }) => ({ tenant, task }))
  const keysTake = used() - keysFrom
  if (copies.length !== store.counts.size) throw new Error('contexts are missing')
  return (keysFrom - before - keysTake) / COUNT
}
