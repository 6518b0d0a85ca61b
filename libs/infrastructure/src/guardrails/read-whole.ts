/** A whole text of an answer, read as if it had come in one part: so that a stream and a whole answer are masked alike. */
import { type Findings, filterOf, type Place, type TextGuard } from '@atp/domain/guardrail'

export function readWhole(
  guards: readonly TextGuard[],
  place: Place,
  findings: Findings,
  text: string,
): string {
  const filter = filterOf(guards, place, findings)
  return filter.push(text) + filter.end()
}
