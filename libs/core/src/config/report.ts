/** The configuration and its problems as text for a terminal. No secret is shown. */
import type { FieldProblem } from '../errors.ts'
import { isSecretName, REDACTED, redactText } from '../redaction.ts'
import { Secret } from '../secret.ts'
import type { LoadedConfig } from './config.ts'
import { pathText } from './path.ts'
import { SecretReference } from './secret-reference.ts'
import { leaves } from './sources.ts'

/** Every value in effect, and where it came from; then the warnings. */
export function describeConfig({ config, sources, warnings }: LoadedConfig): string {
  const rows = [...leaves(config)].map(([path, value]) => {
    const key = pathText(path)
    return [key, shown(value, String(path.at(-1))), sources[key] ?? 'default'] as const
  })
  return [...aligned(rows), ...warnings.map(warning => `warning: ${warning}`)].join('\n')
}

/** Each problem in three lines: the key, what was found, what is allowed. */
export function renderProblems(problems: readonly FieldProblem[]): string {
  return problems
    .map(({ field, found, allowed }) => `  ${field}\n    found    ${found}\n    allowed  ${allowed}`)
    .join('\n')
}

function shown(value: unknown, name: string): string {
  if (value === null || value === undefined) return '(none)'
  if (value instanceof SecretReference) return value.toString()
  if (value instanceof Secret || isSecretName(name)) return REDACTED
  return redactText(typeof value === 'string' ? value : JSON.stringify(value))
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  )
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
