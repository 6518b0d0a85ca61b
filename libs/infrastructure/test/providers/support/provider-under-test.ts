/** The provider with short defaults, and the calls that tests make of it. */
import { Secret } from '@atp/core/secret'
import { milliseconds } from '@atp/core/units'
import type { CompletionStream, Provider, ProviderCall, UpstreamError } from '@atp/domain/adapter'
import { createOpenAiCompatibleProvider, type OpenAiCompatibleOptions } from '@atp/infrastructure/providers'

export const API_KEY = 'sk-very-secret-0123456789'

export const PATIENT = {
  connect: milliseconds(30_000),
  firstToken: milliseconds(30_000),
  idle: milliseconds(30_000),
  total: milliseconds(30_000),
}

export function providerFor(
  upstream: { readonly baseUrl: string },
  overrides: Partial<OpenAiCompatibleOptions> = {},
): Provider & AsyncDisposable {
  const provider = createOpenAiCompatibleProvider({
    adapterId: 'test',
    baseUrl: upstream.baseUrl,
    apiKey: new Secret(API_KEY),
    streamUsage: true,
    timeouts: PATIENT,
    maxConnections: 256,
    ...overrides,
  })
  return Object.assign(provider, { [Symbol.asyncDispose]: () => provider.close() })
}

export const PROMPT = [{ role: 'user', content: 'Say hello.' }]

export function call(
  body: Readonly<Record<string, unknown>> = {},
  overrides: Partial<ProviderCall> = {},
): ProviderCall {
  return {
    upstreamModel: 'upstream-model',
    body: { model: 'auto', messages: PROMPT, ...body },
    signal: new AbortController().signal,
    ...overrides,
  }
}

export const streamCall = (
  body: Readonly<Record<string, unknown>> = {},
  overrides: Partial<ProviderCall> = {},
): ProviderCall => call({ stream: true, ...body }, overrides)

/** Reads to the end. */
export async function readAll(stream: CompletionStream): Promise<Buffer> {
  const blocks: Buffer[] = []
  for await (const block of stream.events) blocks.push(block)
  return Buffer.concat(blocks)
}

/** The failure of what should not succeed. */
export async function failureOf(outcome: Promise<unknown>): Promise<UpstreamError> {
  return outcome.then(
    () => {
      throw new Error('it succeeded')
    },
    error => error,
  )
}

/** Waits until it holds; the test's own time limit says when it never does. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}
