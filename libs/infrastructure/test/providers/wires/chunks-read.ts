/** What an OpenAI client makes of a stream of chunks. */
export interface ReadStream {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly { id: string; name: string; arguments: string }[]
  readonly finishReason: string | null
  readonly usage: Readonly<Record<string, unknown>> | null
  readonly done: boolean
  readonly roles: readonly string[]
}

export function readChunks(bytes: Buffer): ReadStream {
  const events = bytes
    .toString()
    .split('\n\n')
    .filter(event => event !== '')
    .map(event => event.replace(/^data: /, ''))
  const read = {
    text: '',
    reasoning: '',
    calls: [] as { id: string; name: string; arguments: string }[],
    finishReason: null as string | null,
    usage: null as Readonly<Record<string, unknown>> | null,
    done: events.at(-1) === '[DONE]',
    roles: [] as string[],
  }
  for (const event of events.filter(data => data !== '[DONE]')) {
    const chunk = JSON.parse(event)
    read.usage = chunk.usage ?? read.usage
    for (const { delta, finish_reason } of chunk.choices) {
      read.text += delta.content ?? ''
      read.reasoning += delta.reasoning_content ?? ''
      if (delta.role !== undefined) read.roles.push(delta.role)
      read.finishReason = finish_reason ?? read.finishReason
      for (const { index, id, function: called } of delta.tool_calls ?? []) {
        read.calls[index] ??= { id, name: called.name, arguments: '' }
        read.calls[index].arguments += called.arguments
      }
    }
  }
  return read
}
