/** A throwaway Postgres of one's own: temporary directory, unix socket, gone when the test process is gone. */
import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { createDatabase } from './fresh-database.ts'
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { type User, unprivilegedUser } from './unprivileged-user.ts'

const SUPERUSER = 'atp'
const START_DEADLINE_MS = 60_000
const POLL_MS = 25

export interface PostgresOptions {
  /** True keeps fsync on: for tests of durability. */
  readonly durable?: boolean
}

export interface PostgresServer {
  /** The maintenance database; tests take one of their own from `createDatabase()`. */
  readonly url: string
  /** A fresh, empty database. */
  createDatabase(): Promise<string>
  /** Stops answering, as a machine that hangs: connections stay open. */
  pause(): void
  /** Answers again. */
  unpause(): void
  /** Stops the server and keeps its data, as in an outage. */
  halt(): Promise<void>
  /** Starts it again at the same address. */
  resume(): Promise<void>
  /** Stops the server and removes everything. */
  stop(): Promise<void>
}

/** @throws {Error} where the machine has no Postgres, or it does not answer within a minute */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = findPostgres()
  if (binaries === null) throw new Error('no initdb and postgres found on the PATH or in /usr/lib/postgresql')
  const user = unprivilegedUser()
  const directory = mkdtempSync(join(tmpdir(), 'atp-postgres-'))
  if (user !== null) chownSync(directory, user.uid, user.gid)
  const server = new ThrowawayPostgres(binaries, directory, user, options.durable ?? false)
  await server.initialize()
  await server.resume()
  return server
}

class ThrowawayPostgres implements PostgresServer {
  readonly url: string
  readonly #binaries: PostgresBinaries
  readonly #directory: string
  readonly #user: User | null
  readonly #durable: boolean
  #process: SupervisedProcess | null = null

  constructor(binaries: PostgresBinaries, directory: string, user: User | null, durable: boolean) {
    this.url = `postgresql://${SUPERUSER}@${encodeURIComponent(directory)}/postgres`
    this.#binaries = binaries
    this.#directory = directory
    this.#user = user
    this.#durable = durable
  }

  async initialize(): Promise<void> {
    const flags = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', `--username=${SUPERUSER}`]
    await promisify(execFile)(this.#binaries.initdb, [...flags, '-D', this.#data], {
      cwd: this.#directory,
      ...(this.#user ?? {}),
    })
  }

  createDatabase(): Promise<string> {
    return createDatabase(this.url)
  }

  async resume(): Promise<void> {
    const settings = [
      'listen_addresses=',
      `unix_socket_directories=${this.#directory}`,
      'shared_buffers=16MB',
    ]
    if (!this.#durable) settings.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off')
    const flags = settings.flatMap(setting => ['-c', setting])
    this.#process = new SupervisedProcess({
      directory: this.#directory,
      command: [this.#binaries.postgres, '-D', this.#data, ...flags],
      user: this.#user,
    })
    await this.#answers()
  }

  pause(): void {
    this.#signal('SIGSTOP')
  }

  unpause(): void {
    this.#signal('SIGCONT')
  }

  async halt(): Promise<void> {
    await this.#process?.end({ keepDirectory: true })
    this.#process = null
  }

  async stop(): Promise<void> {
    if (this.#process === null) await this.resume()
    await this.#process?.end({ keepDirectory: false })
    this.#process = null
  }

  /** Each connection has a process of its own. */
  #signal(signal: NodeJS.Signals): void {
    const [server] = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n', 1)
    process.kill(Number(server), signal)
    const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8')
    for (const child of children.split(' ').filter(Boolean)) signalIfAlive(Number(child), signal)
  }

  get #data(): string {
    return join(this.#directory, 'data')
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    for (;;) {
      const client = new Client({ connectionString: this.url })
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`Postgres did not start: ${this.#log()}`, { cause: error })
      }
      await delay(POLL_MS)
    }
  }

  #log(): string {
    return readFileSync(join(this.#directory, 'server.log'), 'utf8').slice(-2000)
  }
}

/** A connection whose client is gone may end between two signals. */
function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
