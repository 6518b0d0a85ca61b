/** Why an answer ended, in Anthropic's words. Which stop sequence ended it, OpenAI's format does not say. */

export function stopReasonOf(
  finishReason: string | null,
  signs: { readonly calls: boolean; readonly refused: boolean },
) {
  if (signs.refused || finishReason === 'content_filter') return 'refusal'
  if (finishReason === 'length') return 'max_tokens'
  return signs.calls ? 'tool_use' : 'end_turn'
}
