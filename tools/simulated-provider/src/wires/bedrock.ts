/** Amazon Bedrock's Converse API: documented, not recorded (Bedrock API reference, "Converse" and "ConverseStream"). */
import { frame } from './event-stream.ts'
import { inputOf, joined, type Wire, type WireAnswer } from './wire.ts'

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'content_filtered',
} as const

export const bedrock: Wire = {
  kind: 'bedrock',
  streamType: 'application/vnd.amazon.eventstream',
  basePath: '',
  keyOf: ({ authorization = '' }) =>
    /^Bearer (.+)$/.exec(authorization)?.[1] ?? /Credential=([^/]+)\//.exec(authorization)?.[1] ?? '',
  modelOf: ({ path }) => decodeURIComponent(/\/model\/([^/]+)\//.exec(path)?.[1] ?? ''),
  isStreamed: ({ path }) => path.endsWith('/converse-stream'),
  whole: answer => ({
    output: {
      message: {
        role: 'assistant',
        content: [
          ...(answer.reasoning === undefined
            ? []
            : [{ reasoningContent: { reasoningText: { text: joined(answer.reasoning) } } }]),
          ...(answer.text === undefined ? [] : [{ text: joined(answer.text) }]),
          ...(answer.calls ?? []).map(call => ({
            toolUse: { toolUseId: call.id, name: call.name, input: inputOf(call) },
          })),
        ],
      },
    },
    stopReason: STOP_REASONS[answer.finish],
    metrics: { latencyMs: 1 },
    ...usageOf(answer),
  }),
  frames: answer => ({
    opening: [event('messageStart', { role: 'assistant' })],
    content: blocksOf(answer).flatMap(({ start, deltas }, contentBlockIndex) => [
      ...(start === undefined ? [] : [event('contentBlockStart', { contentBlockIndex, start })]),
      ...deltas.map(delta => event('contentBlockDelta', { contentBlockIndex, delta })),
      event('contentBlockStop', { contentBlockIndex }),
    ]),
    ending: [
      event('messageStop', { stopReason: STOP_REASONS[answer.finish] }),
      event('metadata', { metrics: { latencyMs: 1 }, ...usageOf(answer) }),
    ],
  }),
  error: (_status, message) => ({ message }),
  errorFrame: message =>
    frame(
      {
        ':exception-type': 'serviceUnavailableException',
        ':content-type': 'application/json',
        ':message-type': 'exception',
      },
      JSON.stringify({ message }),
    ),
  garbageFrame: () => {
    const broken = event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'x' } })
    broken.writeUInt32BE(0, broken.length - 4)
    return broken
  },
}

function usageOf({ usage }: WireAnswer): object {
  if (usage === null) return {}
  const { input, output, cached = 0 } = usage
  return {
    usage: {
      inputTokens: input - cached,
      outputTokens: output,
      totalTokens: input + output,
      cacheReadInputTokens: cached,
      cacheWriteInputTokens: 0,
    },
  }
}

function blocksOf({ text, reasoning, calls = [] }: WireAnswer) {
  return [
    ...(reasoning === undefined
      ? []
      : [{ start: undefined, deltas: reasoning.map(piece => ({ reasoningContent: { text: piece } })) }]),
    ...(text === undefined ? [] : [{ start: undefined, deltas: text.map(piece => ({ text: piece })) }]),
    ...calls.map(({ id, name, arguments: pieces }) => ({
      start: { toolUse: { toolUseId: id, name } },
      deltas: pieces.map(input => ({ toolUse: { input } })),
    })),
  ]
}

function event(type: string, payload: object): Buffer {
  return frame(
    { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    JSON.stringify(payload),
  )
}
