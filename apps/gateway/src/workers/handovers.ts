/**
 * Connections that were handed to a worker which ended before it took them. `node:cluster` waits for the answer for ever, and so does the
 * client; while it waits, it does not even see that the channel is closed. Here both are said in its place, and the connection is dealt
 * out again. The messages are those of Node's lib/internal/cluster: `{act: 'newconn', seq}` with the connection, `{ack: seq, accepted}` back.
 */
import cluster, { type Worker } from 'node:cluster'

interface Closable {
  close(): void
}

export function dealOutAgain({ process: child }: Worker): void {
  const untaken = new Map<number, Closable>()
  const send = child.send.bind(child) as (...message: unknown[]) => boolean
  child.send = (...message: unknown[]) => {
    const [{ act, seq }, connection] = message as [Record<string, unknown>, Closable | undefined]
    if (act === 'newconn' && connection !== undefined) untaken.set(seq as number, connection)
    return send(...message)
  }
  child.on('internalMessage', ({ ack }: { readonly ack?: number }) => {
    if (ack !== undefined) untaken.delete(ack)
  })
  // Its exit would be too soon: an answer may still be on the way.
  child.once('close', () => {
    if (untaken.size === 0) return
    // Cluster deals it nothing more from then on.
    child.emit('disconnect')
    for (const [ack, connection] of untaken) {
      if (!isAnybodyListening()) connection.close()
      else child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false })
    }
  })
}

/** Where nobody is, Node has closed the socket that it would be dealt out from. */
function isAnybodyListening(): boolean {
  return Object.values(cluster.workers ?? {}).some(
    worker => (worker as unknown as { readonly state: string }).state === 'listening',
  )
}
