/** A gateway in a process of its own, as a user runs it: for tests that go through the public door. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectNoSecretWritten, secretsIn } from './written-secrets.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const CONFIG_FILE = 'atp.yaml'
const DATA = 'data'
/** Ten times what a start takes on a slow machine: it detects a hang, nothing else. */
const START_DEADLINE_MS = 60_000

export interface GatewayOptions {
  /** Configuration, as it would stand in the YAML file (JSON is YAML). */
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** Kept when given, thrown away after the test otherwise. */
  readonly dataDir?: string
  /** Without it nobody is asked for a key: most tests are about something else. `dev` makes a tenant and keys, too. */
  readonly auth?: 'keys' | 'dev'
  /** One process alone unless told otherwise. */
  readonly workers?: number
}

export class GatewayProcess implements AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  /** None of them may be anywhere that it writes. */
  readonly secrets: string[]
  readonly #output: string[]
  readonly #scratch: string
  readonly #dataDir: string

  private constructor(
    url: string,
    child: ChildProcess,
    output: string[],
    scratch: string,
    { env = {}, dataDir = join(scratch, DATA) }: GatewayOptions,
  ) {
    this.url = url
    this.child = child
    this.secrets = secretsIn(env)
    this.#output = output
    this.#scratch = scratch
    this.#dataDir = dataDir
  }

  /** Resolves when it listens; rejects with all it printed where it ends before. */
  static async start(options: GatewayOptions = {}): Promise<GatewayProcess> {
    const scratch = mkdtempSync(join(tmpdir(), 'atp-gateway-test-'))
    const workers = options.workers === undefined ? [] : ['--workers', String(options.workers)]
    const dev = options.auth === 'dev' ? ['--dev'] : []
    const { child, output } = launch(['serve', ...workers, ...dev], scratch, options)
    const url = await listening(child, output)
    return new GatewayProcess(url, child, output, scratch, options)
  }

  /** All that it wrote so far, both streams. */
  get output(): string {
    return this.#output.join('')
  }

  /** Where its configuration is, for tests that change it. */
  get configFile(): string {
    return join(this.#scratch, CONFIG_FILE)
  }

  get pid(): number {
    return this.child.pid as number
  }

  /** Sends the signal and resolves with the exit code (null where the signal itself ended it). */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    const [code] = (await exited) as [number | null]
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    try {
      expectNoSecretWritten(this.secrets, this.output, this.#dataDir)
    } finally {
      rmSync(this.#scratch, { recursive: true, force: true })
    }
  }
}

export interface RunOptions extends GatewayOptions {
  /** Called whenever it has written something, with all that it wrote so far. */
  readonly onOutput?: (output: string, child: ChildProcess) => void
}

/** Runs `atp` to its end. */
export async function runAtp(
  args: readonly string[],
  { onOutput, ...options }: RunOptions = {},
): Promise<{ readonly code: number | null; readonly output: string; readonly stdout: string }> {
  const scratch = mkdtempSync(join(tmpdir(), 'atp-cli-test-'))
  try {
    const { child, output } = launch(args, scratch, options)
    const stdout: string[] = []
    child.stdout?.on('data', (text: string) => {
      stdout.push(text)
      onOutput?.(output.join(''), child)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, output: output.join(''), stdout: stdout.join('') }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Why the second, says `vitest.base.ts`: a gateway has threads, too. */
const FROM_SOURCES = ['--conditions=@atp/source', '--wasm-wrapper-tiering-budget=2147483647']

function launch(args: readonly string[], scratch: string, options: GatewayOptions) {
  const file = join(scratch, CONFIG_FILE)
  if (options.config !== undefined) writeFileSync(file, JSON.stringify(options.config))
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    ATP_SERVER_PORT: '0',
    ...(options.auth === undefined ? { ATP_AUTH_ENABLED: 'false' } : {}),
    ATP_DATA_DIR: options.dataDir ?? join(scratch, DATA),
    ...(options.config?.log === undefined ? { ATP_LOG_LEVEL: 'trace' } : {}),
    ...(options.config === undefined ? {} : { ATP_CONFIG: file }),
    ...(process.env.ATP_NATIVE === undefined ? {} : { ATP_NATIVE: process.env.ATP_NATIVE }),
    ...options.env,
  }
  const child = spawn(process.execPath, [...FROM_SOURCES, MAIN, ...args], {
    cwd: scratch,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: string[] = []
  child.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text))
  return { child, output }
}

function listening(child: ChildProcess, output: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(deadline)
      child.off('exit', ended)
      child.stdout?.off('data', look)
    }
    const fail = (why: string): void => {
      settle()
      reject(new Error(`the gateway ${why}:\n${output.join('')}`))
    }
    const ended = (code: number | null): void => fail(`ended with code ${code}`)
    const look = (): void => {
      const url = /^listening (http:\/\/\S+)$/m.exec(output.join(''))?.[1]
      if (url === undefined) return
      settle()
      resolve(url)
    }
    const deadline = setTimeout(() => {
      child.kill('SIGKILL')
      fail('did not start in time')
    }, START_DEADLINE_MS)
    child.once('exit', ended)
    child.stdout?.on('data', look)
  })
}
