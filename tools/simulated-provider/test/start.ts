/** A simulator that ends with its test, and OpenAI's own client for one of its accounts. */
import OpenAI from 'openai'
import { onTestFinished } from 'vitest'
import {
  type SimulatedProvider,
  type SimulatedProviderOptions,
  startSimulatedProvider,
} from '../src/index.ts'

export interface Started extends SimulatedProvider {
  readonly client: OpenAI
}

/** Answers at once, unless told otherwise. */
export async function start(options: SimulatedProviderOptions = {}, account = 'alpha'): Promise<Started> {
  const provider = await startSimulatedProvider({ timeScale: 0, ...options })
  onTestFinished(() => provider.close())
  const client = new OpenAI({ baseURL: `${provider.url}/${account}/v1`, apiKey: 'any', maxRetries: 0 })
  return { ...provider, client }
}

export const ask = (content: string, model = 'sim-mini') => ({
  model,
  messages: [{ role: 'user' as const, content }],
})
