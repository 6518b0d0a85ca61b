/** What the file leaves out of an adapter, from its preset: before validation, so that it is checked like what was written. */
import type { ConfigSource } from './config.ts'
import { type Path, pathText } from './path.ts'
import { PRESET_KEYS, presetOf } from './presets.ts'

/** From the path of each value that was filled in to where it came from. */
export type Filled = Map<string, ConfigSource>

type Loose = Record<string, unknown>

/** @param document as it was parsed, of any shape: what is no adapter is left to validation */
export function fillFromPresets(document: Readonly<Loose>): Filled {
  const filled: Filled = new Map()
  for (const [adapter, at] of adaptersIn(document)) {
    const preset = presetOf(adapter.preset)
    if (preset === undefined) continue
    for (const key of PRESET_KEYS) {
      const quirk = preset[key]
      if (quirk !== undefined) fill(adapter, key, quirk.value, `preset ${adapter.preset}`, at, filled)
    }
  }
  return filled
}

/** Only what nobody has said. */
export function fill(
  place: Loose,
  key: string,
  value: unknown,
  source: ConfigSource,
  at: Path,
  filled: Filled,
): void {
  if (place[key] !== undefined) return
  place[key] = value
  filled.set(pathText([...at, key]), source)
}

export function adaptersIn({ adapters }: Readonly<Loose>): (readonly [adapter: Loose, at: Path])[] {
  return mappingsIn(adapters, ['adapters'])
}

export function mappingsIn(list: unknown, at: Path): (readonly [mapping: Loose, at: Path])[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown, index) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? [[item as Loose, [...at, index]] as const]
      : [],
  )
}
