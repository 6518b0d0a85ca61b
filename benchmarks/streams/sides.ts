/** The pipe and the gateways that are compared with it, each in a process of its own, before one mock upstream; what is started is stopped. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Server } from '../load/servers.ts'
import { startListening, stopped } from '../shared/listening-process.ts'

/** One gateway for each kind of adapter; its name is fixed: scripts rely on it. */
export const GATEWAYS = [
  { name: 'gateway', title: 'gateway', adapter: { kind: 'openai-compatible' }, path: '/v1' },
  { name: 'gateway-ai-sdk', title: 'gateway, translating', adapter: { kind: 'anthropic' }, path: '/v1' },
] as const

export const PIPE = 'pipe'
export type SideName = typeof PIPE | (typeof GATEWAYS)[number]['name']

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))

export class Sides {
  readonly #children: ChildProcess[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-bench-streams-'))

  /** @throws {Error} where the gateway was not built, or where one doesn't start */
  async start(): Promise<readonly Server<SideName>[]> {
    if (!existsSync(GATEWAY)) throw new Error('the gateway is not built: run `npm run build` first')
    const upstream = await this.#start('the mock upstream', [file('upstream.ts')])
    const sides: Server<SideName>[] = [
      { name: PIPE, ...(await this.#start('the pipe', [file('../load/bare.ts'), upstream.url])) },
    ]
    for (const { name, adapter, path } of GATEWAYS) {
      const config = this.#config(name, { ...adapter, base_url: upstream.url + path })
      sides.push({ name, ...(await this.#start(name, [GATEWAY, 'serve', '--config', config])) })
    }
    return sides
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopped))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #config(name: string, adapter: object): string {
    const models = [{ name: 'model', input_usd_per_mtok: 0.1, output_usd_per_mtok: 0.4 }]
    const config = {
      server: { port: 0 },
      auth: { enabled: false },
      data: { dir: join(this.#directory, name) },
      log: { level: 'warn' },
      adapters: [{ id: 'mock', api_key: `file:${this.#file('api-key', 'none')}`, ...adapter, models }],
    }
    // YAML contains JSON.
    return this.#file(`${name}.yaml`, JSON.stringify(config, null, 2))
  }

  #file(name: string, content: string): string {
    const file = join(this.#directory, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }

  async #start(name: string, args: readonly string[]) {
    const { child, url } = await startListening(name, args)
    this.#children.push(child)
    return { pid: child.pid as number, url }
  }
}

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
