/** Preloaded into a gateway: SIGUSR2 ends the journal's thread, as a bug in it or a lack of memory would. */
import { Worker } from 'node:worker_threads'

const post = Worker.prototype.postMessage
// The first thread that is asked for something is the journal's.
let journal: Worker | null = null
Worker.prototype.postMessage = function (...message) {
  journal ??= this
  post.apply(this, message)
}
process.on('SIGUSR2', () => void journal?.terminate())
