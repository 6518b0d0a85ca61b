/** Puts a text into a delta where its path says: behind what is there already. The delta itself is not changed. */

/** @param path as `content` or `tool_calls[1].function.arguments`, with the index that a part says of itself */
export function placedAt(delta: object, path: string, text: string): object {
  return placed(
    delta,
    path.split(STEPS).filter(step => step !== ''),
    text,
  ) as object
}

const STEPS = /\.|(\[\d+\])/

function placed(value: unknown, steps: readonly (string | undefined)[], text: string): unknown {
  const [step, ...rest] = steps.filter(each => each !== undefined)
  if (step === undefined) return typeof value === 'string' ? value + text : text
  if (!step.startsWith('[')) {
    const object = (value ?? {}) as Readonly<Record<string, unknown>>
    return { ...object, [step]: placed(object[step], rest, text) }
  }
  const index = Number(step.slice(1, -1))
  const items = Array.isArray(value) ? [...(value as { readonly index?: unknown }[])] : []
  const at = items.findIndex((item, position) => (item?.index ?? position) === index)
  if (at >= 0) items[at] = placed(items[at], rest, text) as object
  else items.push(placed({ index }, rest, text) as object)
  return items
}
