/** A throwaway Redis of one's own: temporary directory, a free port of the loopback, gone when the test process is gone. */
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { type User, unprivilegedUser } from './unprivileged-user.ts'

const START_DEADLINE_MS = 30_000
const POLL_MS = 10

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Stops answering, as a machine that hangs: connections stay open. */
  pause(): void
  /** Answers again. */
  unpause(): void
  /** Ends the server, as in a crash: what it held is gone. */
  halt(): Promise<void>
  /** Starts it again at the same address, empty. */
  resume(): Promise<void>
  stop(): Promise<void>
}

export interface RedisOptions {
  /** Further lines of its configuration, as `--name value` pairs. */
  readonly flags?: readonly string[]
}

/** @returns null where the machine has none */
export function findRedis(path = process.env.PATH ?? ''): string | null {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, 'redis-server')
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}

/** @throws {Error} where the machine has no Redis, or it does not answer within half a minute */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = findRedis()
  if (binary === null) throw new Error('no redis-server found on the PATH')
  const server = new ThrowawayRedis(binary, await freePort(), options.flags ?? [])
  await server.resume()
  return server
}

class ThrowawayRedis implements RedisServer {
  readonly url: string
  readonly port: number
  readonly #binary: string
  readonly #flags: readonly string[]
  readonly #user: User | null = unprivilegedUser()
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-redis-'))
  #process: SupervisedProcess | null = null

  constructor(binary: string, port: number, flags: readonly string[]) {
    this.#binary = binary
    this.#flags = flags
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
    if (this.#user !== null) chownSync(this.#directory, this.#user.uid, this.#user.gid)
  }

  pause(): void {
    process.kill(this.#pid, 'SIGSTOP')
  }

  unpause(): void {
    process.kill(this.#pid, 'SIGCONT')
  }

  async resume(): Promise<void> {
    const flags = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const files = ['--dir', this.#directory, '--pidfile', this.#pidFile]
    this.#process = new SupervisedProcess({
      directory: this.#directory,
      command: [this.#binary, ...flags, ...files, ...this.#flags],
      user: this.#user,
    })
    await this.#answers()
  }

  async halt(): Promise<void> {
    await this.#process?.end({ keepDirectory: true })
    this.#process = null
  }

  async stop(): Promise<void> {
    if (this.#process === null) rmSync(this.#directory, { recursive: true, force: true })
    else {
      // A paused one would not hear that it should end.
      this.unpause()
      await this.#process.end({ keepDirectory: false })
    }
    this.#process = null
  }

  get #pidFile(): string {
    return join(this.#directory, 'redis.pid')
  }

  get #pid(): number {
    return Number(readFileSync(this.#pidFile, 'utf8'))
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    for (;;) {
      const client = new Redis({ port: this.port, lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.ping()
        return
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`Redis did not start: ${this.#log()}`, { cause: error })
      } finally {
        client.disconnect()
      }
      await delay(POLL_MS)
    }
  }

  #log(): string {
    return readFileSync(join(this.#directory, 'server.log'), 'utf8').slice(-2000)
  }
}
