import { expect, it } from 'vitest'
import { measurePrompt, requiredCapabilities } from '../src/corridor/prompt-measure.ts'

it.each([
  { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(99_999)}` } },
  { type: 'input_audio', input_audio: { data: 'A'.repeat(99_999), format: 'wav' } },
  { type: 'file', file: { file_id: 'f' } },
])('what is no text counts as 4,096 tokens, whatever it holds: $type', part => {
  const of = (content: unknown) => measurePrompt({ messages: [{ role: 'user', content }] } as never).bytes
  const text = { type: 'text', text: 'Hi' }
  expect(of([text, part]) - of([text])).toBe(4_096)
})

it.each([
  [{}, []],
  [{ tools: [{ type: 'function' }] }, ['tools']],
  [{ stream: true }, ['streaming']],
  [{ response_format: { type: 'json_object' } }, ['json_mode']],
  [{ response_format: { type: 'json_schema' } }, ['structured_outputs']],
  [{ reasoning_effort: 'high' }, ['reasoning']],
  [{ reasoning_effort: 'none' }, []],
  [{ reasoning_effort: null }, []],
  [content('image_url'), ['vision']],
  [content('input_audio'), ['audio_input']],
  [content('file'), ['pdf']],
  [content('image_url', 'file'), ['vision', 'pdf']],
])('a request says what its model must offer: %j', (fields, required) => {
  const body = { messages: [{ role: 'user', content: 'Hi' }], ...fields } as never
  expect(requiredCapabilities(body, measurePrompt(body).inputs)).toEqual(required)
})

function content(...types: readonly string[]) {
  return { messages: [{ role: 'user', content: types.map(type => ({ type })) }] }
}
