/** Run by the logging tests: logs many lines in the way that its arguments name, and ends as they say. */
import { createLogger, flushLogger } from '../src/logging.ts'

const [lines = '0', ending] = process.argv.slice(2)
const log = createLogger({ level: 'info' })
for (let n = 0; n < Number(lines); n++) log.info({ n, apiKey: 'hidden-value' }, 'x'.repeat(200))

if (ending === 'exit') process.exit(0)
if (ending === 'throw') throw new Error('unexpected')
if (ending === 'flush') {
  await flushLogger(log)
  // Nothing that runs at exit can help after this.
  process.kill(process.pid, 'SIGKILL')
}
