/** Anthropic's Messages API: documented, not recorded (docs.claude.com, "Messages" and "Streaming Messages"). */
import { inputOf, joined, sse, type Wire, type WireAnswer } from './wire.ts'

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
} as const

export const anthropic: Wire = {
  kind: 'anthropic',
  streamType: 'text/event-stream; charset=utf-8',
  basePath: '/v1',
  keyOf: headers => headers['x-api-key'] ?? '',
  modelOf: ({ body }) => String(body.model),
  isStreamed: ({ body }) => body.stream === true,
  whole: (answer, model) => ({
    id: 'msg_simulated',
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(answer.reasoning === undefined
        ? []
        : [{ type: 'thinking', thinking: joined(answer.reasoning), signature: 'c2lnbmF0dXJl' }]),
      ...(answer.text === undefined ? [] : [{ type: 'text', text: joined(answer.text) }]),
      ...(answer.calls ?? []).map(call => ({
        type: 'tool_use',
        id: call.id,
        name: call.name,
        input: inputOf(call),
      })),
    ],
    stop_reason: STOP_REASONS[answer.finish],
    stop_sequence: null,
    usage: { ...inputUsage(answer), output_tokens: answer.usage?.output ?? 0 },
  }),
  frames: (answer, model) => ({
    opening: [
      event('message_start', {
        message: {
          id: 'msg_simulated',
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...inputUsage(answer), output_tokens: 1 },
        },
      }),
      event('ping', {}),
    ],
    content: blocksOf(answer).flatMap(({ block, deltas }, index) => [
      event('content_block_start', { index, content_block: block }),
      ...deltas.map(delta => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]),
    ending: [
      event('message_delta', {
        delta: { stop_reason: STOP_REASONS[answer.finish], stop_sequence: null },
        usage: { output_tokens: answer.usage?.output ?? 0 },
      }),
      event('message_stop', {}),
    ],
  }),
  error: (status, message) => ({
    type: 'error',
    error: { type: ERROR_TYPES[status] ?? 'api_error', message },
    request_id: 'req_simulated',
  }),
  errorFrame: message => event('error', { error: { type: 'overloaded_error', message } }),
  garbageFrame: () => sse('{"type": "content_block_delta", "ind', 'content_block_delta'),
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** What came from the cache does not count as input here. */
function inputUsage({ usage }: WireAnswer): object {
  const { input, cached = 0 } = usage ?? { input: 0 }
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
  }
}

function blocksOf({ text, reasoning, calls = [] }: WireAnswer) {
  return [
    ...(reasoning === undefined
      ? []
      : [
          {
            block: { type: 'thinking', thinking: '', signature: '' },
            deltas: [
              ...reasoning.map(thinking => ({ type: 'thinking_delta', thinking })),
              { type: 'signature_delta', signature: 'c2lnbmF0dXJl' },
            ],
          },
        ]),
    ...(text === undefined
      ? []
      : [
          {
            block: { type: 'text', text: '' },
            deltas: text.map(piece => ({ type: 'text_delta', text: piece })),
          },
        ]),
    ...calls.map(({ id, name, arguments: pieces }) => ({
      block: { type: 'tool_use', id, name, input: {} },
      deltas: pieces.map(partial_json => ({ type: 'input_json_delta', partial_json })),
    })),
  ]
}

function event(type: string, rest: object): Buffer {
  return sse({ type, ...rest }, type)
}
