/** Three upstream accounts, alike and each a server of its own, behind one gateway: for what clients see when one of them fails. */
import { Agent, request } from 'node:http'
import { type SimulatedProvider, startSimulatedProvider } from '@atp/simulated-provider'
import { type GatewayOptions, GatewayProcess } from './gateway-process.ts'
import { get } from './post.ts'
import { seriesOf } from './series.ts'

export const ACCOUNTS = ['one', 'two', 'three'] as const

/** Of the models. */
const QUALITY = 0.8

export class ThreeProviders implements AsyncDisposable {
  readonly providers: readonly SimulatedProvider[]
  readonly gateway: GatewayProcess

  private constructor(providers: readonly SimulatedProvider[], gateway: GatewayProcess) {
    this.providers = providers
    this.gateway = gateway
  }

  static async start(config: NonNullable<GatewayOptions['config']>): Promise<ThreeProviders> {
    const providers = await Promise.all(ACCOUNTS.map((name, seed) => startAccount(name, seed + 1)))
    const adapters = providers.map(({ url }, index) => ({
      id: ACCOUNTS[index],
      base_url: `${url}/up/v1`,
      models: [{ name: ACCOUNTS[index], input_usd_per_mtok: 1, output_usd_per_mtok: 2 }],
    }))
    return new ThreeProviders(providers, await GatewayProcess.start({ config: { ...config, adapters } }))
  }

  /** Calls that each of them has counted. */
  get calls(): readonly number[] {
    return this.providers.map(({ control }) => control.stats().total.requests)
  }

  async metric(series: string): Promise<number> {
    const { text } = await get(this.gateway, '/metrics')
    return seriesOf(text, series) ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await Promise.all(this.providers.map(provider => provider.close()))
  }
}

function startAccount(name: string, seed: number): Promise<SimulatedProvider> {
  const model = {
    name,
    account: 'up',
    inputUsdPerMtok: 1,
    outputUsdPerMtok: 2,
    quality: { code: QUALITY, maths: QUALITY, extraction: QUALITY, chat: QUALITY, summary: QUALITY },
    timeToFirstTokenMs: 5,
    tokensPerSecond: 100_000,
    elaborates: false,
  }
  return startSimulatedProvider({ catalogue: [model], seed })
}

/** What a client saw: the status, or what was wrong with a stream that had begun. */
export type Seen = number | 'broken'

/** So many streams, so many at a time. @returns how often each end was seen */
export async function streams(
  gateway: { readonly url: string },
  count: number,
  concurrent: number,
): Promise<Map<Seen, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent })
  const seen = new Map<Seen, number>()
  let left = count
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const end = await stream(new URL('/v1/chat/completions', gateway.url), agent)
      seen.set(end, (seen.get(end) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: concurrent }, client))
  agent.destroy()
  return seen
}

const BODY = JSON.stringify({
  model: 'auto',
  stream: true,
  messages: [{ role: 'user', content: 'Say hello.' }],
})
const HEADERS = { 'content-type': 'application/json', 'content-length': BODY.length }

function stream(url: URL, agent: Agent): Promise<Seen> {
  return new Promise(resolve => {
    const broken = (): void => resolve('broken')
    const asked = request(url, { method: 'POST', agent, headers: HEADERS }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.once('error', broken)
      response.once('end', () => {
        const status = response.statusCode as number
        const whole = status !== 200 || (text.endsWith('data: [DONE]\n\n') && !text.includes('"error"'))
        resolve(whole ? status : 'broken')
      })
    })
    asked.once('error', broken)
    asked.end(BODY)
  })
}
