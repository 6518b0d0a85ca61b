/**
 * The labelled set: synthetic texts, made of templates and a seed, with the offsets of what is in them. `node benchmarks/guardrails/labelled-set.ts`
 * writes it anew; a test holds the file to it.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DECOYS, ENTITIES, type Maker, makerOf } from './entities.ts'
import { TEMPLATES } from './templates.ts'

export interface Label {
  readonly kind: string
  readonly start: number
  readonly end: number
}

export interface LabelledText {
  readonly template: number
  readonly part: 'development' | 'held_out'
  readonly text: string
  readonly labels: readonly Label[]
}

export const SET_FILE = fileURLToPath(new URL('./labelled.jsonl', import.meta.url))

const SEED = 20_261_128
const TEXTS_PER_TEMPLATE = 24

export function makeSet(): LabelledText[] {
  const maker = makerOf(SEED)
  return TEMPLATES.flatMap((template, at) =>
    Array.from({ length: TEXTS_PER_TEMPLATE }, () => ({
      template: at,
      part: at % 3 === 2 ? ('held_out' as const) : ('development' as const),
      ...filled(template, maker),
    })),
  )
}

export function asLines(set: readonly LabelledText[]): string {
  return set.map(text => `${JSON.stringify(text)}\n`).join('')
}

function filled(template: string, maker: Maker): Pick<LabelledText, 'text' | 'labels'> {
  const labels: Label[] = []
  let text = ''
  let from = 0
  for (const slot of template.matchAll(/\{(\w+)\}/g)) {
    const name = slot[1] as keyof typeof ENTITIES | keyof typeof DECOYS
    text += template.slice(from, slot.index)
    const start = text.length
    text +=
      name in ENTITIES
        ? ENTITIES[name as keyof typeof ENTITIES](maker)
        : DECOYS[name as keyof typeof DECOYS](maker)
    if (name in ENTITIES) labels.push({ kind: name, start, end: text.length })
    from = slot.index + slot[0].length
  }
  return { text: text + template.slice(from), labels }
}

if (import.meta.main) writeFileSync(SET_FILE, asLines(makeSet()))
