/** A table for the terminal. */

/**
 * The first columns to the left, figures to the right.
 * @param left columns that are words
 */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('   ')
      .trimEnd()
  const rule = '-'.repeat(Math.max(...all.map(row => line(row).length)))
  return [line(head), rule, ...rows.map(line)].join('\n')
}
