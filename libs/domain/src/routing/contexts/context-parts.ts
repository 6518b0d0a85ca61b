/** A context's figures as sums that add up across replicas, and the way back. */
import type { Part, Parts } from '../../replication/part.ts'
import { type ContextMemory, MEMORY_VERSION } from './context-figures.ts'
import type { ContextKey } from './context-key.ts'

const QUALITY = 'quality/'
const RESIDUAL = 'residual/'

/** Names the sum that replicas share: no arm's name begins with a slash, and no two contexts have the same. */
export function sumKeyOf({ tenant, task }: ContextKey): string {
  return `/context/${JSON.stringify([tenant, task])}`
}

export function partsOf(memory: ContextMemory, halfLifeMs: number): Parts {
  const parts = new Map<string, Part>()
  const put = (name: string, [first, second, at]: readonly number[]) => {
    if (first === 0 && second === 0) return
    const figures = Float64Array.of(first as number, second as number)
    parts.set(name, {
      halfLifeMs,
      at: at as number,
      changes: 0,
      first: 0,
      most: Number.POSITIVE_INFINITY,
      figures,
    })
  }
  for (const [arm, figures] of Object.entries(memory)) {
    put(QUALITY + arm, figures.slice(1, 4))
    put(RESIDUAL + arm, figures.slice(4, 7))
  }
  return parts
}

export function memoryOf(parts: Parts): ContextMemory {
  const memory: Record<string, number[]> = {}
  const put = (arm: string, from: number, figures: readonly number[]) => {
    memory[arm] ??= [MEMORY_VERSION, 0, 0, 0, 0, 0, 0]
    memory[arm].splice(from, figures.length, ...figures)
  }
  for (const [name, part] of parts) {
    const [first, second] = [figureOf(part, 0), figureOf(part, 1)]
    // A difference of sums may miss 0 by a rounding.
    if (name.startsWith(QUALITY)) {
      put(name.slice(QUALITY.length), 1, [Math.max(first, 0), Math.max(second, 0), part.at])
    } else if (name.startsWith(RESIDUAL)) {
      put(name.slice(RESIDUAL.length), 4, [Math.max(first, 0), second, part.at])
    }
  }
  return memory
}

function figureOf({ first, figures }: Part, index: number): number {
  return figures[index - first] ?? 0
}
