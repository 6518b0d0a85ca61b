/** Events of a stream as OpenAI documents them (documented, not recorded). */
export const event = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'm', ...rest })}\n\n`

export const text = (content: string, extra: object = {}): string =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: null }], ...extra })

/** What comes first, and says nothing yet. */
export const ROLE = event({
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
})

export const FINISH = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })

export const usage = (prompt_tokens: number, completion_tokens: number): string =>
  event({
    choices: [],
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  })

export const DONE = 'data: [DONE]\n\n'
