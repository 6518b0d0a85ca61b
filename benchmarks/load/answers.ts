/** What the mock upstream answers, byte for byte: the load generator compares every answer that reaches it with these. */

const COMMON = { id: 'chatcmpl-bench', created: 1, model: 'bench' }
const USAGE = { prompt_tokens: 24, completion_tokens: 48, total_tokens: 72 }

export const WHOLE_ANSWER = Buffer.from(
  JSON.stringify({
    ...COMMON,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'All systems are nominal.'.repeat(8) },
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
  }),
)

const TEXT_EVENTS = 18

/** 20 events and `[DONE]`: text, the finish reason, the usage. */
export const STREAMED_EVENTS: readonly Buffer[] = [
  ...Array.from({ length: TEXT_EVENTS }, (_, index) => chunk({ content: ` token${index}` }, null)),
  chunk({}, 'stop'),
  event({ ...COMMON, object: 'chat.completion.chunk', choices: [], usage: USAGE }),
  Buffer.from('data: [DONE]\n\n'),
]

export const STREAMED_ANSWER = Buffer.concat(STREAMED_EVENTS)

function chunk(delta: object, finishReason: string | null): Buffer {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return event({ ...COMMON, object: 'chat.completion.chunk', choices, usage: null })
}

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`)
}
