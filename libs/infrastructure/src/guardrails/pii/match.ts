/** What the searches for personal data have in common. */

export const PII_KINDS = ['email', 'phone', 'card', 'iban', 'ip', 'national_id'] as const

export type PiiKind = (typeof PII_KINDS)[number]

/** A cluster, with a few characters of what stands before it. */
export interface Cluster {
  readonly text: string
  /** Where the cluster begins in `text`: what begins before is not this cluster's. */
  readonly from: number
}

export type Emit = (start: number, end: number) => void

export type Search = (cluster: Cluster, emit: Emit) => void

/** Every place at which `pattern` matches, overlapping ones too: a wrong one must not hide a right one. */
export function eachMatch(
  pattern: RegExp,
  { text, from }: Cluster,
  visit: (found: string, start: number) => boolean,
): void {
  pattern.lastIndex = from
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [found] = match
    // What was taken is not looked at again.
    pattern.lastIndex = visit(found, match.index) ? match.index + found.length : match.index + 1
  }
}
