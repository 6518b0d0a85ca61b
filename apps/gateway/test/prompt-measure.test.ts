import { expect, it } from 'vitest'
import { measurePrompt } from '../src/corridor/prompt-measure.ts'

it.each([
  { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(99_999)}` } },
  { type: 'input_audio', input_audio: { data: 'A'.repeat(99_999), format: 'wav' } },
  { type: 'file', file: { file_id: 'f' } },
])('what is no text counts as 4,096 tokens, whatever it holds: $type', part => {
  const of = (content: unknown) => measurePrompt({ messages: [{ role: 'user', content }] } as never).bytes
  const text = { type: 'text', text: 'Hi' }
  expect(of([text, part]) - of([text])).toBe(4_096)
})
