/** A gateway in front of the simulated provider: both as a newcomer meets them, but on free ports. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SimulatedProvider, startSimulatedProvider } from '@atp/simulated-provider'
import { parse } from 'yaml'
import { type GatewayOptions, GatewayProcess } from './gateway-process.ts'

const CONFIG = join(import.meta.dirname, '../../../../config/simulated.yaml')

export class SimulatedSetup implements AsyncDisposable {
  readonly provider: SimulatedProvider
  readonly gateway: GatewayProcess

  private constructor(provider: SimulatedProvider, gateway: GatewayProcess) {
    this.provider = provider
    this.gateway = gateway
  }

  static async start(
    options: { readonly timeScale?: number } & Pick<GatewayOptions, 'env' | 'dataDir' | 'auth'> = {},
  ): Promise<SimulatedSetup> {
    const provider = await startSimulatedProvider({ timeScale: options.timeScale ?? 0.05 })
    const gateway = await GatewayProcess.start({
      ...options,
      config: parse(readFileSync(CONFIG, 'utf8')) as Record<string, unknown>,
      env: {
        ATP_ADAPTERS_0_BASE_URL: `${provider.url}/alpha/v1`,
        ATP_ADAPTERS_1_BASE_URL: `${provider.url}/beta/v1`,
        ...options.env,
      },
    })
    return new SimulatedSetup(provider, gateway)
  }

  async post<T>(path: string, body: unknown): Promise<{ readonly status: number; readonly body: T }> {
    const response = await fetch(this.gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as T }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.provider.close()
  }
}
