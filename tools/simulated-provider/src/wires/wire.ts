/** A provider's wire format, as a simulated server speaks it. Shapes are documented, not recorded: from the providers' API references. */

/** An answer, in no format. */
export interface WireAnswer {
  /** The text, in the pieces in which it is streamed. */
  readonly text?: readonly string[]
  readonly reasoning?: readonly string[]
  readonly calls?: readonly WireCall[]
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'refusal'
  /** Tokens; null where the provider tells none. */
  readonly usage: { readonly input: number; readonly output: number; readonly cached?: number } | null
}

export interface WireCall {
  readonly id: string
  readonly name: string
  /** A JSON object, in the pieces in which it is streamed. */
  readonly arguments: readonly string[]
}

export interface Wire {
  /** Of the adapter that speaks it. */
  readonly kind: string
  readonly streamType: string
  /** Where its API begins, as in the provider's own address. */
  readonly basePath: string
  /** The key that a request bears, or the id of what it is signed with; empty where it bears none. */
  readonly keyOf: (headers: Readonly<Record<string, string | undefined>>) => string
  readonly modelOf: (request: WireRequest) => string
  readonly isStreamed: (request: WireRequest) => boolean
  readonly whole: (answer: WireAnswer, model: string) => object
  /** Of a streamed answer, in order: what opens it, its content, what ends it. */
  readonly frames: (answer: WireAnswer, model: string) => WireFrames
  readonly error: (status: number, message: string) => object
  /** An error in a stream that has begun. */
  readonly errorFrame: (message: string) => Buffer
  /** Bytes that are framed as they should be and make no sense. */
  readonly garbageFrame: () => Buffer
}

export interface WireFrames {
  readonly opening: readonly Buffer[]
  readonly content: readonly Buffer[]
  readonly ending: readonly Buffer[]
}

export interface WireRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readonly<Record<string, unknown>>
}

export function joined(pieces: readonly string[] | undefined): string {
  return pieces?.join('') ?? ''
}

export function inputOf({ arguments: pieces }: WireCall): unknown {
  return JSON.parse(joined(pieces))
}

export function sse(data: unknown, event?: string): Buffer {
  const name = event === undefined ? '' : `event: ${event}\n`
  return Buffer.from(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
}
