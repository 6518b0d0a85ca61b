/** Places in a document: `['adapters', 0, 'base_url']`, written `adapters[0].base_url`. */

export type Path = readonly (string | number)[]

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** The value at a path, or undefined where there is none. */
export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (isContainer(value) ? value[step] : undefined), document)
}

/**
 * Puts a value where the path leads, making what is missing on the way. Where something else than an object or list is
 * in the way, nothing is done: validation will say so.
 */
export function setAt(document: Record<string, unknown>, path: Path, value: unknown): void {
  let place: Container = document
  for (const [depth, step] of path.entries()) {
    const following = path[depth + 1]
    if (following === undefined) {
      place[step] = value
      return
    }
    place[step] ??= typeof following === 'number' ? [] : {}
    const next: unknown = place[step]
    if (!isContainer(next) || Array.isArray(next) !== (typeof following === 'number')) return
    place = next
  }
}

type Container = Record<string | number, unknown>

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}
