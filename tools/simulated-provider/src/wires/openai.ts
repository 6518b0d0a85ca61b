/** OpenAI's chat completions: documented, not recorded (platform.openai.com, "Chat Completions"). */
import { joined, sse, type Wire, type WireAnswer } from './wire.ts'

export const openai: Wire = {
  kind: 'openai-compatible',
  streamType: 'text/event-stream; charset=utf-8',
  basePath: '/v1',
  keyOf: ({ authorization = '' }) => authorization.replace(/^Bearer /, ''),
  modelOf: ({ body }) => String(body.model),
  isStreamed: ({ body }) => body.stream === true,
  whole: (answer, model) => ({
    id: 'chatcmpl-simulated',
    object: 'chat.completion',
    created: 1_767_225_600,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.text === undefined ? null : joined(answer.text),
          refusal: null,
          ...(answer.reasoning === undefined ? {} : { reasoning_content: joined(answer.reasoning) }),
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
        logprobs: null,
        finish_reason: finishOf(answer),
      },
    ],
    ...usageOf(answer),
  }),
  frames: (answer, model) => {
    const chunk = (delta: object, finish_reason: string | null = null) =>
      sse({
        id: 'chatcmpl-simulated',
        object: 'chat.completion.chunk',
        created: 1_767_225_600,
        model,
        choices: [{ index: 0, delta, finish_reason }],
      })
    const last = { id: 'chatcmpl-simulated', object: 'chat.completion.chunk', model, choices: [] }
    return {
      opening: [],
      content: [
        chunk({ role: 'assistant', content: answer.calls === undefined ? '' : null }),
        ...(answer.reasoning ?? []).map(reasoning_content => chunk({ reasoning_content })),
        ...(answer.text ?? []).map(content => chunk({ content })),
        ...(answer.calls ?? []).flatMap(({ id, name, arguments: pieces }, index) => [
          chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
          ...pieces.map(piece => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
        ]),
      ],
      ending: [
        chunk({}, finishOf(answer)),
        ...(answer.usage === null ? [] : [sse({ ...last, ...usageOf(answer) })]),
        sse('[DONE]'),
      ],
    }
  },
  error: (_status, message) => ({
    error: { message, type: 'invalid_request_error', param: null, code: null },
  }),
  errorFrame: message => sse({ error: { message, type: 'server_error', param: null, code: null } }),
  garbageFrame: () => sse('{"choices": [{"ind'),
}

function finishOf({ finish }: WireAnswer): string {
  return finish === 'refusal' ? 'content_filter' : finish
}

function usageOf({ usage }: WireAnswer): object {
  if (usage === null) return {}
  const { input, output, cached } = usage
  return {
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
    },
  }
}
