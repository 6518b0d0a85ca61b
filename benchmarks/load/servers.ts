/** The processes under measurement, each as its users run it; what is started is stopped, and leaves no files. */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startListening, stopped } from '../shared/listening-process.ts'
import { limitedKey } from './limited-tenant.ts'

/** Fixed: scripts rely on it. */
export type SideName = 'bare' | 'gateway' | 'gateway-auth-limits'

export interface Server<Name extends string = SideName> {
  readonly name: Name
  readonly pid: number
  readonly url: string
  /** Where it asks for one. */
  readonly key?: string
}

/** Four processes on a small machine: a Redis that gets no processor in time is not what is measured. */
export const LIMITS_TIMEOUT = '5s'

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))
const MODELS = ['small', 'medium', 'large', 'vast']

export class Servers {
  readonly #children: ChildProcess[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-bench-load-'))

  /**
   * @param redisUrl where it is given, also a gateway that asks for keys and holds their tenant to three limits in this Redis
   * @throws {Error} where the gateway was not built, or where one doesn't start
   */
  async start(redisUrl: string | null): Promise<readonly Server[]> {
    if (!existsSync(GATEWAY)) throw new Error('the gateway is not built: run `npm run build` first')
    const upstream = await this.#start('the mock upstream', [here('upstream.ts')])
    const bare = await this.#start('the bare proxy', [here('bare.ts'), upstream.url])
    const gateway = await this.#gateway('gateway', upstream.url, { auth: { enabled: false } })
    const sides: Server[] = [
      { name: 'bare', ...bare },
      { name: 'gateway', ...gateway },
    ]
    if (redisUrl === null) return sides
    const adminKey = `atp_${randomBytes(32).toString('base64url')}`
    const limited = await this.#gateway('gateway-auth-limits', upstream.url, {
      auth: { admin_key: `file:${this.#file('admin-key', adminKey)}` },
      redis: { url: redisUrl, prefix: `atp-bench-${process.pid}` },
      limits: { timeout: LIMITS_TIMEOUT },
    })
    return [
      ...sides,
      { name: 'gateway-auth-limits', ...limited, key: await limitedKey(limited.url, adminKey) },
    ]
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopped))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** One adapter with four models, so that each request is a real choice; otherwise the defaults. YAML contains JSON. */
  #gateway(name: SideName, upstreamUrl: string, differs: object) {
    const models = MODELS.map((model, rank) => ({
      name: model,
      input_usd_per_mtok: 0.1 * 2 ** rank,
      output_usd_per_mtok: 0.4 * 2 ** rank,
    }))
    const config = {
      server: { port: 0 },
      data: { dir: join(this.#directory, name) },
      log: { level: 'warn' },
      adapters: [{ id: 'mock', base_url: `${upstreamUrl}/v1`, models }],
      ...differs,
    }
    const file = this.#file(`${name}.yaml`, JSON.stringify(config, null, 2))
    return this.#start(name, [GATEWAY, 'serve', '--config', file])
  }

  #file(name: string, content: string): string {
    const file = join(this.#directory, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }

  async #start(
    name: string,
    args: readonly string[],
  ): Promise<{ readonly pid: number; readonly url: string }> {
    const { child, url } = await startListening(name, args)
    this.#children.push(child)
    return { pid: child.pid as number, url }
  }
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
