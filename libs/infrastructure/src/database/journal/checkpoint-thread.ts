/**
 * Copies the journal's write-ahead log back into its file, on a connection of its own: the waits for the disk are this thread's,
 * and commits go on meanwhile.
 */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** From the journal's thread. */
export type CheckpointRequest = 'checkpoint' | 'close'

/** Pages in the log, those that were copied included; null where it failed, as on a full disk. */
export type CheckpointReply = number | null

function run(port: NonNullable<typeof parentPort>, file: string): void {
  const database = new DatabaseSync(file)
  database.exec('pragma synchronous = normal')
  // Passive: it waits for nobody, and nobody for it.
  const checkpoint = database.prepare('pragma wal_checkpoint(passive)')
  port.on('message', (request: CheckpointRequest) => {
    if (request === 'close') {
      database.close()
      port.close()
      return
    }
    let pages: CheckpointReply = null
    try {
      pages = checkpoint.get()?.log as number
    } catch {
      // The log keeps it all, and the next one tries again.
    }
    port.postMessage(pages)
  })
}

if (parentPort !== null) run(parentPort, workerData)
