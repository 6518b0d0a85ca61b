/** Precision and recall by kind: a span counts where kind and both offsets are the label's. */
import type { Detector } from '@atp/domain/guardrail'
import type { LabelledText } from './labelled-set.ts'

export interface Score {
  readonly kind: string
  readonly labels: number
  readonly found: number
  readonly right: number
}

export function score(detector: Detector, texts: readonly LabelledText[], kinds: readonly string[]): Score[] {
  const counts = new Map(kinds.map(kind => [kind, { kind, labels: 0, found: 0, right: 0 }]))
  for (const { text, labels } of texts) {
    const spans = detector.find(text)
    for (const { kind } of labels) count(counts, kind).labels++
    for (const { kind, start, end } of spans) {
      const own = count(counts, kind)
      own.found++
      if (labels.some(label => label.kind === kind && label.start === start && label.end === end)) own.right++
    }
  }
  return [...counts.values()]
}

function count<Count>(counts: ReadonlyMap<string, Count>, kind: string): Count {
  return counts.get(kind) as Count
}

export const precisionOf = ({ found, right }: Score): number => (found === 0 ? 1 : right / found)
export const recallOf = ({ labels, right }: Score): number => (labels === 0 ? 1 : right / labels)
