/** The line that says that the gateway serves, after all that whoever started it should know by then. */

export function sayListening({
  url,
  notes,
}: {
  readonly url: string
  readonly notes: readonly string[]
}): void {
  process.stdout.write([...notes, `listening ${url}`].map(line => `${line}\n`).join(''))
}
