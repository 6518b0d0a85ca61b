/** Events as OpenAI documents them (documented, not recorded). */
export const chunk = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'm', ...rest })}\n\n`

export const text = (content: string): string =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })

export const finish = (reason = 'stop'): string =>
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: reason }], usage: null })

export const usage = (prompt_tokens: number, completion_tokens: number): string =>
  chunk({
    choices: [],
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  })

/** What OpenAI sends first: it says nothing yet. */
export const ROLE = chunk({
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
  usage: null,
})

export const DONE = 'data: [DONE]\n\n'
