/** An upstream whose streams last as long as a test says, and say who they are for, so that each can be compared byte by byte. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Script, ScriptedUpstream } from './scripted-upstream.ts'

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`
const chunk = (content: string, finish: string | null = null): string =>
  event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })

/** All that the stream for this prompt is made of, in its parts. */
export function partsOf(prompt: string, parts: number): string[] {
  const texts = Array.from({ length: parts }, (_, index) => chunk(`${prompt}: part ${index} é✓ `))
  return [...texts, chunk('', 'stop'), 'data: [DONE]\n\n']
}

/** The first part at once, and the others once it may go on: evenly, over so many milliseconds. */
export function startSlowUpstream(
  lastsMs: number,
  parts: number,
  mayGoOn: Promise<void> = Promise.resolve(),
): Promise<ScriptedUpstream> {
  const script: Script = async ({ body }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const part of partsOf(promptOf(body), parts)) {
      response.write(part)
      await mayGoOn
      await delay(lastsMs / parts)
    }
    response.end()
  }
  return ScriptedUpstream.start(script)
}

/** Says something and never ends. */
export const endless: Script = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(chunk('once upon a time'))
}

export function startEndlessUpstream(): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(endless)
}

function promptOf(body: Record<string, unknown>): string {
  const messages = body.messages as readonly { readonly content: string }[]
  return messages[0]?.content ?? ''
}
