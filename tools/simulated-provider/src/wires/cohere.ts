/** Cohere's Chat API, version 2: documented, not recorded (docs.cohere.com, "Chat" and "Chat with Streaming"). */
import { joined, sse, type Wire, type WireAnswer } from './wire.ts'

const FINISH_REASONS = {
  stop: 'COMPLETE',
  length: 'MAX_TOKENS',
  tool_calls: 'TOOL_CALL',
  refusal: 'COMPLETE',
} as const

export const cohere: Wire = {
  kind: 'cohere',
  streamType: 'text/event-stream',
  basePath: '/v2',
  keyOf: ({ authorization = '' }) => authorization.replace(/^Bearer /, ''),
  modelOf: ({ body }) => String(body.model),
  isStreamed: ({ body }) => body.stream === true,
  whole: answer => ({
    id: 'simulated',
    finish_reason: FINISH_REASONS[answer.finish],
    message: {
      role: 'assistant',
      ...(answer.text === undefined && answer.reasoning === undefined
        ? {}
        : {
            content: [
              ...(answer.reasoning === undefined
                ? []
                : [{ type: 'thinking', thinking: joined(answer.reasoning) }]),
              ...(answer.text === undefined ? [] : [{ type: 'text', text: joined(answer.text) }]),
            ],
          }),
      ...(answer.calls === undefined
        ? {}
        : {
            tool_calls: answer.calls.map(({ id, name, arguments: pieces }) => ({
              id,
              type: 'function',
              function: { name, arguments: joined(pieces) },
            })),
          }),
    },
    ...usageOf(answer),
  }),
  frames: answer => ({
    opening: [
      event('message-start', {
        id: 'simulated',
        delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
      }),
    ],
    content: [...contentFrames(answer), ...callFrames(answer)],
    ending: [
      event('message-end', { delta: { finish_reason: FINISH_REASONS[answer.finish], ...usageOf(answer) } }),
    ],
  }),
  error: (_status, message) => ({ id: 'simulated', message }),
  errorFrame: () => event('message-end', { delta: { finish_reason: 'ERROR' } }),
  garbageFrame: () => sse('{"type": "content-delta", "ind', 'content-delta'),
}

function usageOf({ usage }: WireAnswer): object {
  if (usage === null) return {}
  const tokens = { input_tokens: usage.input, output_tokens: usage.output }
  return { usage: { billed_units: tokens, tokens } }
}

function contentFrames({ text, reasoning }: WireAnswer): Buffer[] {
  const blocks = [
    ...(reasoning === undefined ? [] : [{ type: 'thinking', pieces: reasoning }]),
    ...(text === undefined ? [] : [{ type: 'text', pieces: text }]),
  ]
  return blocks.flatMap(({ type, pieces }, index) => [
    event('content-start', { index, delta: { message: { content: { type, [type]: '' } } } }),
    ...pieces.map(piece =>
      event('content-delta', { index, delta: { message: { content: { [type]: piece } } } }),
    ),
    event('content-end', { index }),
  ])
}

function callFrames({ calls = [] }: WireAnswer): Buffer[] {
  const toolCalls = (tool_calls: object) => ({ delta: { message: { tool_calls } } })
  return calls.flatMap(({ id, name, arguments: pieces }, index) => [
    event('tool-call-start', {
      index,
      ...toolCalls({ id, type: 'function', function: { name, arguments: '' } }),
    }),
    ...pieces.map(piece =>
      event('tool-call-delta', { index, ...toolCalls({ function: { arguments: piece } }) }),
    ),
    event('tool-call-end', { index }),
  ])
}

function event(type: string, rest: object): Buffer {
  return sse({ type, ...rest }, type)
}
