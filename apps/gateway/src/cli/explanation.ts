/** An error for a person: what happened, and each bad value on a line of its own. */
import { renderProblems } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'

export function explanation(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const problems = error instanceof AtpError ? error.problems : []
  return problems.length === 0 ? error.message : `${error.message}\n${renderProblems(problems)}`
}
