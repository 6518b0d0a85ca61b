/** A step of a longer work, as the reader sees it: its number, what it does, the seconds. Its output shows only when it fails, or on request. */
import { start } from './command.mjs'

/** A step that failed; what there was to say has been said. */
export class StepFailed extends Error {}

/** Numbers the steps of one work: "2/4 building (7 s)". On a terminal the line keeps counting. */
export class Steps {
  #count = 0
  #total
  #verbose

  /** @param {{ total: number, verbose: boolean }} options */
  constructor({ total, verbose }) {
    this.#total = total
    this.#verbose = verbose
  }

  /** Does `work` as the next step and returns what it returns. */
  async run(title, work) {
    this.#count += 1
    const label = `${this.#count}/${this.#total} ${title}`
    const line = new ProgressLine(label, this.#verbose)
    try {
      const result = await work(detail => line.show(detail))
      line.end('done')
      return result
    } catch (error) {
      line.end('failed')
      throw error
    }
  }

  /** Runs a command to its end as the next step. Throws `StepFailed` after showing its output when it fails. */
  command(title, command, args, { env, describe = () => undefined }) {
    return this.run(title, async show => {
      const child = start(command, args, {
        env,
        onLine: line => {
          if (this.#verbose) process.stderr.write(`${line}\n`)
          const detail = describe(line)
          if (detail !== undefined) show(detail)
        },
      })
      const { code, signal } = await child.ended
      if (code === 0) return
      if (!this.#verbose) process.stderr.write(`\n${child.lastLines.join('\n')}\n`)
      throw new StepFailed(`${title} failed (${signal ?? `exit code ${code}`})`)
    })
  }

  skip(title, why) {
    this.#count += 1
    process.stdout.write(`${this.#count}/${this.#total} ${title}: ${why}\n`)
  }
}

/** One line that counts its seconds on a terminal; elsewhere a line at the start and one at the end. */
class ProgressLine {
  #label
  #detail = ''
  #live
  #started = Date.now()
  #timer

  constructor(label, verbose) {
    this.#label = label
    this.#live = process.stdout.isTTY === true && !verbose
    if (this.#live) this.#timer = setInterval(() => this.#draw(), 1000)
    else process.stdout.write(`${label}...\n`)
  }

  show(detail) {
    this.#detail = ` ${detail}`
    if (this.#live) this.#draw()
  }

  end(outcome) {
    clearInterval(this.#timer)
    const start = this.#live ? '\r\x1b[K' : ''
    process.stdout.write(`${start}${this.#label}: ${outcome} (${this.#seconds()} s)\n`)
  }

  #draw() {
    const width = process.stdout.columns ?? 80
    const text = `${this.#label}... ${this.#seconds()} s${this.#detail}`
    process.stdout.write(`\r\x1b[K${text.slice(0, width - 1)}`)
  }

  #seconds() {
    return ((Date.now() - this.#started) / 1000).toFixed(0)
  }
}
