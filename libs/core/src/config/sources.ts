/** Where each value of a configuration came from: the environment, the file, or the defaults. */
import type { ConfigSource } from './config.ts'
import type { Setting } from './environment.ts'
import { type Path, pathText, valueAt } from './path.ts'
import { SecretReference } from './secret-reference.ts'

/**
 * @param given file and environment together, before the defaults
 * @param completed what presets and catalogues have filled in, by its path
 */
export function sourcesOf(
  written: object,
  given: object,
  settings: readonly Setting[],
  completed: ReadonlyMap<string, ConfigSource>,
): Record<string, ConfigSource> {
  const fromEnvironment = new Set(settings.map(({ path }) => pathText(path)))
  const sourceOf = (path: Path): ConfigSource => {
    if (valueAt(given, path) === undefined) return completed.get(pathText(path)) ?? 'default'
    return path.some((_, depth) => isSetBy(path.slice(0, depth + 1))) ? 'env' : 'file'
  }
  const isSetBy = (path: Path): boolean => fromEnvironment.has(pathText(path))
  return Object.fromEntries([...leaves(written)].map(([path]) => [pathText(path), sourceOf(path)]))
}

/** Every value that has no named parts; a list of plain values, and an empty list or object, is one value. */
export function* leaves(value: unknown, path: Path = []): Generator<readonly [path: Path, value: unknown]> {
  const parts = partsOf(value)
  if (parts.length === 0) yield [path, value]
  for (const [step, part] of parts) yield* leaves(part, [...path, step])
}

function partsOf(value: unknown): readonly (readonly [step: string | number, part: unknown])[] {
  if (Array.isArray(value)) return value.every(isPlain) ? [] : [...value.entries()]
  return isPlain(value) ? [] : Object.entries(value as object)
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof SecretReference
}
