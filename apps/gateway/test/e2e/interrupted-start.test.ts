/** A start that does not come to its end leaves nothing running, and says why. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { runAtp } from '../support/gateway-process.ts'

let silent: Server | undefined
const clients = new Set<Socket>()

afterEach(() => {
  for (const client of clients) client.destroy()
  silent?.close()
})

/** Takes connections and never says a word. */
async function silentServer(): Promise<number> {
  silent = createServer(socket => {
    clients.add(socket)
    socket.on('error', () => {})
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  return (silent.address() as AddressInfo).port
}

it('SIGTERM during the start stops what had started, and ends with code 0', async () => {
  const port = await silentServer()
  let isSent = false
  const { code, output } = await runAtp(['serve'], {
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    onOutput: (text, child) => {
      if (isSent || !text.includes('"component":"database"')) return
      isSent = true
      child.kill('SIGTERM')
    },
  })
  expect(output).toMatch(/"component":"database",[^\n]*"msg":"component started"/)
  expect(output).toMatch(/"component":"database",[^\n]*"msg":"component stopped"/)
  expect(output).not.toContain('"component":"http"')
  expect(output).not.toContain('listening')
  expect(output).not.toContain('did not start')
  expect(code).toBe(0)
})

it('a start that fails stops what had started, names who failed, and ends with code 1', async () => {
  const port = await silentServer()
  const { code, output } = await runAtp(['serve'], { env: { ATP_SERVER_PORT: String(port) } })
  expect(code).toBe(1)
  expect(output).toContain('the gateway did not start: http failed to start: listen EADDRINUSE')
  expect(output).toMatch(/"component":"database",[^\n]*"msg":"component stopped"/)
})
