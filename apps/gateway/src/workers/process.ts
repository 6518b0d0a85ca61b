/** A worker's process, as its primary sees it. */
import cluster from 'node:cluster'
import { dealOutAgain } from './handovers.ts'
import type { PrimaryCalls, WorkerCalls } from './messages.ts'
import { type Batch, Wire } from './wire.ts'

export interface Ended {
  /** Null where a signal ended it, or it never began. */
  readonly code: number | null
  /** What ended it, or why it never began. */
  readonly signal: string | null
}

export interface WorkerProcess {
  readonly pid: number
  readonly wire: Wire<WorkerCalls>
  /** Resolves when it has ended, however that came. */
  readonly ended: Promise<Ended>
  /** Closes the channel: a worker ends when that happens. */
  hangUp(): void
  /** Ends it at once. */
  kill(): void
}

/** Starts a process. */
export type Launch = (calls: PrimaryCalls) => WorkerProcess

/** Runs this same command as a worker, over `node:cluster`: the primary holds the listening socket and deals connections out in turn. */
export const launchWorker: Launch = calls => {
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ serialization: 'advanced' })
  const worker = cluster.fork()
  dealOutAgain(worker)
  const channel = {
    // Whoever asks hears of a channel that closes; without a listener the error would end the primary.
    send: (batch: Batch) => void worker.send(batch as never, () => undefined),
    onBatch: (listener: (batch: Batch) => void) => void worker.on('message', listener),
    onClosed: (listener: () => void) => void worker.once('disconnect', listener),
  }
  return {
    pid: worker.process.pid as number,
    wire: new Wire<WorkerCalls>(channel, calls),
    ended: new Promise(resolve => {
      worker.once('exit', (code, signal) => resolve({ code, signal }))
      // Without a listener it would end the primary. One that the system did not start has no exit.
      worker.on('error', ({ message }) => {
        if (worker.process.pid === undefined) resolve({ code: null, signal: message })
      })
    }),
    hangUp: () => {
      if (worker.isConnected()) worker.process.disconnect()
    },
    kill: () => void worker.process.kill('SIGKILL'),
  }
}
