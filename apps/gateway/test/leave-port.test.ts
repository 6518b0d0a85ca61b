import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { leavePort } from '../src/http/leave-port.ts'

const agents: Agent[] = []

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy()
})

/** A server, and a client that keeps its one connection. */
async function pair(keepAliveTimeout: number) {
  const server = createServer({ keepAliveTimeout }, (_request, response) => {
    if (isLeaving()) response.setHeader('connection', 'close')
    response.end('here')
  })
  let leaving = false
  const isLeaving = (): boolean => leaving
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  const ask = async (): Promise<string> => {
    const [answer] = (await once(request({ port, agent }).end(), 'response')) as [IncomingMessage]
    return (await answer.toArray()).join('')
  }
  const leave = async (): Promise<string> => {
    leaving = true
    await leavePort(server)
    return 'left'
  }
  return { server, ask, leave, connections: () => connectionsOf(server) }
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

describe('a process that leaves its port', () => {
  it('answers once more on a connection that was idle, and is done when that is gone', async () => {
    const { ask, leave, connections } = await pair(60_000)
    expect(await ask()).toBe('here')
    const left = leave()
    expect(await connections()).toBe(1)
    expect(await ask()).toBe('here')
    expect(await left).toBe('left')
    expect(await connections()).toBe(0)
    await expect(ask()).rejects.toThrow('ECONNREFUSED')
  })

  it('is done at once where nobody is connected', async () => {
    expect(await (await pair(60_000)).leave()).toBe('left')
  })

  it('waits for an idle connection as long as its client was promised, and a moment', async () => {
    const { server, ask } = await pair(60_000)
    await ask()
    const { promise: asked, resolve } = Promise.withResolvers<{ ms: number; expire: () => void }>()
    const left = leavePort(server, {
      after: (ms, expire) => {
        resolve({ ms, expire })
        return () => undefined
      },
    })
    const { ms, expire } = await asked
    expect(ms).toBe(62_000)
    expire()
    await left
  })

  it('waits for an idle connection no longer than its client was promised', async () => {
    const { ask, leave } = await pair(50)
    await ask()
    expect(await leave()).toBe('left')
  })
})
