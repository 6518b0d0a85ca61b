/** Three simulated providers and the built gateway, each a process of its own; what is started is stopped, and leaves no files. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ListeningProcess, startListening, stopped } from '../shared/listening-process.ts'

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))
const PROVIDER = fileURLToPath(new URL('../../tools/simulated-provider/src/main.ts', import.meta.url))
const ACCOUNTS = ['one', 'two', 'three']

export const FIRST_TOKEN_TIMEOUT_MS = 1_000
export const RETRY_BUDGET = { ratio: 0.2, min_per_second: 10 }

export class Setup {
  readonly #processes: ListeningProcess[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'atp-bench-outage-'))
  #providers: readonly string[] = []
  #gateway = ''

  /** @throws {Error} where the gateway was not built, or a process doesn't start */
  async start(): Promise<void> {
    if (!existsSync(GATEWAY)) throw new Error('the gateway is not built: run `npm run build` first')
    this.#providers = await Promise.all(
      ACCOUNTS.map((name, index) =>
        this.#start(
          name,
          ['--conditions=@atp/source', PROVIDER, '--seed', String(index + 1)],
          'simulated provider ',
        ),
      ),
    )
    const adapters = this.#providers.map((url, index) => ({
      id: ACCOUNTS[index],
      base_url: `${url}/alpha/v1`,
      models: [{ name: 'sim-mini', input_usd_per_mtok: 0.25, output_usd_per_mtok: 2 }],
    }))
    const config = {
      server: { port: 0 },
      auth: { enabled: false },
      data: { dir: join(this.#directory, 'data') },
      log: { level: 'error' },
      routing: { reliability_half_life: '500ms' },
      breaker: { cooldown: '200ms' },
      upstream: { first_token_timeout: `${FIRST_TOKEN_TIMEOUT_MS}ms`, retry_budget: RETRY_BUDGET },
      adapters,
    }
    const file = join(this.#directory, 'atp.yaml')
    // YAML contains JSON.
    writeFileSync(file, JSON.stringify(config, null, 2))
    this.#gateway = await this.#start('gateway', [GATEWAY, 'serve', '--config', file])
  }

  get url(): string {
    return this.#gateway
  }

  /** Of the first provider; none heals it. */
  async setFaults(faults: object): Promise<void> {
    const url = `${this.#providers[0]}/control/accounts/alpha`
    const { ok } = await fetch(url, { method: 'PUT', body: JSON.stringify(faults) })
    if (!ok) throw new Error('the simulated provider does not take its faults')
  }

  /** Calls that the providers have counted. */
  async calls(): Promise<readonly number[]> {
    return Promise.all(
      this.#providers.map(async url => {
        const answer = await fetch(`${url}/control/stats`)
        const { total } = (await answer.json()) as { readonly total: { readonly requests: number } }
        return total.requests
      }),
    )
  }

  /** Calls beside the first of a request, as the gateway counts them. */
  async retries(): Promise<number> {
    const text = await (await fetch(`${this.#gateway}/metrics`)).text()
    return [...text.matchAll(/^atp_retries_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
  }

  /** Heals the first provider, and asks until it has its share of the calls again. */
  async recover(ask: () => Promise<unknown>): Promise<void> {
    await this.setFaults({})
    const [before = 0] = await this.calls()
    for (let first = before; first < before + 20; [first = 0] = await this.calls()) {
      await ask()
      await delay(100)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(({ child }) => stopped(child)))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #start(name: string, args: readonly string[], ready?: string): Promise<string> {
    const started = await startListening(name, args, ready)
    this.#processes.push(started)
    return started.url
  }
}
