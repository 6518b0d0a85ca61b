/** Every kind of provider over its simulated server, with what differs between them. */
import { Secret } from '@atp/core/secret'
import type { Provider } from '@atp/domain/adapter'
import {
  type AiSdkKind,
  type AiSdkOptions,
  createAiSdkProvider,
  createOpenAiCompatibleProvider,
} from '@atp/infrastructure/providers'
import { WIRES, type Wire, type WireAnswer } from '@atp/simulated-provider/wires'
import { API_KEY, PATIENT } from '../support/provider-under-test.ts'

export type Options = Partial<Omit<AiSdkOptions, 'kind' | 'baseUrl'>>

export interface KindUnderTest {
  readonly name: keyof typeof WIRES
  readonly wire: Wire
  /** As the provider names it: a real one, because the SDK knows what which model can do. */
  readonly model: string
  readonly provider: (baseUrl: string, options?: Options) => Provider & AsyncDisposable
  /** Whether it says what of the input came from a cache. */
  readonly tellsCached: boolean
  /** What it sent, as far as all say the same. */
  readonly sent: (body: Sent) => { readonly system: unknown; readonly image: unknown }
}

// biome-ignore lint/suspicious/noExplicitAny: five formats, looked into by paths that fail where they are wrong
type Sent = any

export const TRANSLATED: readonly KindUnderTest[] = [
  {
    ...translated('anthropic', 'claude-sonnet-4-5'),
    tellsCached: true,
    sent: body => ({ system: body.system[0].text, image: body.messages[0].content[1].source.data }),
  },
  {
    ...translated('google', 'gemini-2.5-flash'),
    tellsCached: true,
    sent: body => ({
      system: body.systemInstruction.parts[0].text,
      image: body.contents[0].parts[1].inlineData.data,
    }),
  },
  {
    ...translated('bedrock', 'amazon.nova-pro-v1:0'),
    tellsCached: true,
    sent: body => ({ system: body.system[0].text, image: body.messages[0].content[1].image.source.bytes }),
  },
  {
    ...translated('cohere', 'command-a-03-2025'),
    tellsCached: false,
    sent: body => ({
      system: body.messages[0].content,
      image: body.messages[1].content[1].image_url.url.split(',')[1],
    }),
  },
]

export const ALL: readonly KindUnderTest[] = [
  ...TRANSLATED,
  {
    name: 'openai-compatible',
    wire: WIRES['openai-compatible'],
    model: 'gpt-5-mini',
    provider: (baseUrl, { adapterId, apiKey, timeouts, maxConnections } = {}) =>
      disposable(
        createOpenAiCompatibleProvider({
          adapterId: adapterId ?? 'test',
          baseUrl,
          apiKey: apiKey ?? new Secret(API_KEY),
          streamUsage: true,
          timeouts: timeouts ?? PATIENT,
          maxConnections: maxConnections ?? 256,
        }),
      ),
    tellsCached: true,
    sent: body => ({
      system: body.messages[0].content,
      image: body.messages[1].content[1].image_url.url.split(',')[1],
    }),
  },
]

function translated(name: AiSdkKind, model: string) {
  return {
    name,
    wire: WIRES[name],
    model,
    provider: (baseUrl: string, options: Options = {}) =>
      disposable(
        createAiSdkProvider({
          adapterId: 'test',
          kind: name,
          baseUrl,
          region: 'eu-central-1',
          apiKey: new Secret(API_KEY),
          timeouts: PATIENT,
          maxConnections: 256,
          ...options,
        }),
      ),
  }
}

function disposable(provider: Provider): Provider & AsyncDisposable {
  return Object.assign(provider, { [Symbol.asyncDispose]: () => provider.close() })
}

export const HELLO: WireAnswer = {
  text: ['Hello', ', ', 'wörld', '.'],
  finish: 'stop',
  usage: { input: 100, output: 4, cached: 40 },
}

export const WEATHER: WireAnswer = {
  calls: [
    { id: 'call_1', name: 'weather', arguments: ['{"city"', ':"Ulm"}'] },
    { id: 'call_2', name: 'weather', arguments: ['{"city":"Bonn"}'] },
  ],
  finish: 'tool_calls',
  usage: { input: 50, output: 20 },
}

export const WEATHER_TOOL = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
