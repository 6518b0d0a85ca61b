/** Where a bench is, on one line that the next step writes over. */
export function progress(step: string): void {
  process.stderr.write(`\r${step.padEnd(WIDTH)}`)
}

/** Of the longest step. */
const WIDTH = 70
