/** The built gateway, once for each durability, in front of one mock upstream; what is started is stopped, and leaves no files. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Server } from '../load/servers.ts'
import { type ListeningProcess, startListening, stopped } from '../shared/listening-process.ts'

/** Fixed: scripts rely on it. */
export const DURABILITIES = ['off', 'process', 'power'] as const
export type SideName = (typeof DURABILITIES)[number]

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))
const UPSTREAM = fileURLToPath(new URL('../load/upstream.ts', import.meta.url))
const MODELS = ['small', 'medium', 'large', 'vast']

export class Gateways {
  readonly #children: ChildProcess[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-bench-durability-'))
  #upstreamUrl = ''
  #started = 0

  /** @throws {Error} where the gateway was not built, or one doesn't start */
  async startAll(): Promise<Server<SideName>[]> {
    if (!existsSync(GATEWAY)) throw new Error('the gateway is not built: run `npm run build` first')
    this.#upstreamUrl = (await this.#listening('the mock upstream', [UPSTREAM])).url
    const sides: Server<SideName>[] = []
    for (const name of DURABILITIES) {
      const { child, url } = await this.start(name)
      sides.push({ name, pid: child.pid as number, url })
    }
    return sides
  }

  /** One more, with a fresh journal. */
  start(durability: SideName): Promise<ListeningProcess> {
    this.#started += 1
    const models = MODELS.map((model, rank) => ({
      name: model,
      input_usd_per_mtok: 0.1 * 2 ** rank,
      output_usd_per_mtok: 0.4 * 2 ** rank,
    }))
    const name = `${durability}-${this.#started}`
    const file = join(this.#directory, `${name}.yaml`)
    // YAML contains JSON.
    const config = {
      server: { port: 0 },
      auth: { enabled: false },
      data: { dir: join(this.#directory, name), durability },
      log: { level: 'warn' },
      adapters: [{ id: 'mock', base_url: `${this.#upstreamUrl}/v1`, models }],
    }
    writeFileSync(file, JSON.stringify(config, null, 2))
    return this.#listening(name, [GATEWAY, 'serve', '--config', file])
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopped))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #listening(name: string, args: readonly string[]): Promise<ListeningProcess> {
    const started = await startListening(name, args)
    this.#children.push(started.child)
    return started
  }
}
