/** Puts a bench's table between its markers, so that no figure in a document is typed by hand. */
import { readFileSync, writeFileSync } from 'node:fs'

/** @throws {Error} where the file lacks `<!-- NAME -->` followed by `<!-- /NAME -->` */
export function writeReadmeTable(path: string, name: string, table: string): void {
  writeFileSync(path, replaceBetweenMarkers(readFileSync(path, 'utf8'), name, table))
}

/** `text` with everything between the markers of `name` replaced. */
export function replaceBetweenMarkers(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = text.indexOf(start)
  const to = text.indexOf(end, from + start.length)
  if (from < 0 || to < 0) throw new Error(`the markers ${start} and ${end} are missing`)
  return `${text.slice(0, from + start.length)}\n${table.trim()}\n${text.slice(to)}`
}
