/** `npm run up`: says once that it is ready, and then is; ends with everything that it started. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ForegroundUp, isRunning } from './support/foreground-up.ts'

const TIMEOUT_MS = 180_000

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'atp-up-'))
})

afterEach(() => rm(directory, { recursive: true }))

test.each(['SIGINT', 'SIGTERM'] as const)(
  'answers the first request after its ready line, and %s ends everything with code 0',
  async signal => {
    await using up = new ForegroundUp({ ATP_DATA_DIR: directory })
    const url = await up.ready()
    expect(await chat(url, keyIn(up.said))).toBe(200)
    expect(await chat(url, null)).toBe(401)

    const services = await up.services()
    expect(services).toHaveLength(2)
    up.signal(signal)
    expect(await up.ended).toBe(0)
    expect(services.filter(isRunning)).toEqual([])
    expect(up.said.match(/^ready /gm)).toHaveLength(1)
  },
  TIMEOUT_MS,
)

test(
  'says so when the gateway dies, and stops the rest',
  async () => {
    await using up = new ForegroundUp({ ATP_DATA_DIR: directory })
    await up.ready()
    const services = await up.services()
    const [gateway] = await up.services('apps/gateway')
    if (gateway === undefined) throw new Error('no gateway is running')
    process.kill(gateway, 'SIGKILL')
    expect(await up.ended).toBe(1)
    expect(up.said).toContain('the gateway ended by itself (SIGKILL)')
    expect(services.filter(isRunning)).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'names a taken port and the way out',
  async () => {
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    await using up = new ForegroundUp({ ATP_DATA_DIR: directory, ATP_SERVER_PORT: String(port) })
    expect(await up.ended).toBe(1)
    expect(up.said).toContain(`127.0.0.1:${port} is taken by another process`)
    expect(up.said).toContain('ATP_SERVER_PORT=')
    await new Promise(resolve => taken.close(resolve))
  },
  TIMEOUT_MS,
)

test(
  'makes a key for the line to paste, and keeps it; shows the first admin key once',
  async () => {
    const run = async (): Promise<string> => {
      await using up = new ForegroundUp({ ATP_DATA_DIR: directory })
      const url = await up.ready()
      expect(await chat(url, keyIn(up.said))).toBe(200)
      const admin = /first admin key.*authorization: Bearer (atp_[\w-]{43})/s.exec(up.said)?.[1]
      if (admin !== undefined) {
        const headers = { authorization: `Bearer ${admin}` }
        expect((await fetch(`${url}/admin/v1/tenants`, { headers })).status).toBe(200)
      }
      return up.said
    }
    const [first, second] = [await run(), await run()]
    expect(keyIn(second)).toBe(keyIn(first))
    expect(first).toContain('first admin key')
    expect(second).not.toContain('admin key')
    expect(await readdir(directory)).not.toContain('admin-key')
  },
  TIMEOUT_MS,
)

function keyIn(said: string): string {
  return /curl .*authorization: Bearer (atp_[\w-]{43})/.exec(said)?.[1] ?? 'none'
}

async function chat(url: string, key: string | null): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await response.arrayBuffer()
  return response.status
}
