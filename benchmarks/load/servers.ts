/** The processes under measurement, each as its users run it; what is started is stopped, and leaves no files. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startListening, stopped } from '../shared/listening-process.ts'

export interface Server {
  readonly pid: number
  readonly url: string
}

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))
const MODELS = ['small', 'medium', 'large', 'vast']

export class Servers {
  readonly #children: ChildProcess[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-bench-load-'))

  /** @throws {Error} where the gateway was not built, or where one doesn't start */
  async start(): Promise<{ readonly bare: Server; readonly gateway: Server }> {
    if (!existsSync(GATEWAY)) throw new Error('the gateway is not built: run `npm run build` first')
    const upstream = await this.#start('the mock upstream', [here('upstream.ts')])
    const bare = await this.#start('the bare proxy', [here('bare.ts'), upstream.url])
    const gateway = await this.#start('the gateway', [
      GATEWAY,
      'serve',
      '--config',
      this.#config(upstream.url),
    ])
    return { bare, gateway }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopped))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** One adapter with four models, so that each request is a real choice; otherwise the defaults. YAML contains JSON. */
  #config(upstreamUrl: string): string {
    const file = join(this.#directory, 'atp.yaml')
    const models = MODELS.map((name, rank) => ({
      name,
      input_usd_per_mtok: 0.1 * 2 ** rank,
      output_usd_per_mtok: 0.4 * 2 ** rank,
    }))
    const config = {
      server: { port: 0 },
      auth: { enabled: false },
      data: { dir: join(this.#directory, 'data') },
      log: { level: 'warn' },
      adapters: [{ id: 'mock', base_url: `${upstreamUrl}/v1`, models }],
    }
    writeFileSync(file, JSON.stringify(config, null, 2))
    return file
  }

  async #start(name: string, args: readonly string[]): Promise<Server> {
    const { child, url } = await startListening(name, args)
    this.#children.push(child)
    return { pid: child.pid as number, url }
  }
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
