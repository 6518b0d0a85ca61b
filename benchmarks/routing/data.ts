/** Recorded routing data: prompts, and what each model's answer was worth and cost. One JSON object a line. */
import { readFileSync } from 'node:fs'
import { loadNative, PROMPT_FEATURES } from '@atp/native'

export interface Row {
  readonly prompt: string
  /** All that a policy sees of the prompt, as a vector. */
  readonly features: Float64Array
  /** In [0, 1], one an arm. */
  readonly rewards: readonly number[]
  /** US dollars, one an arm. */
  readonly costs: readonly number[]
}

export interface RecordedData {
  /** For people: no policy sees a name. */
  readonly arms: readonly string[]
  readonly rows: readonly Row[]
}

interface RecordedLine {
  readonly prompt: string
  readonly arms: Readonly<Record<string, { readonly reward: number; readonly cost: number }>>
}

/** @throws {Error} naming file and line where the data is not of this form */
export function readRecorded(file: string): RecordedData {
  // Prompts hold Unicode line separators: only a line feed ends a line.
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
  const parsed = lines.map((line, index) => parse(line, `${file}, line ${index + 1}`))
  const arms = Object.keys(parsed[0]?.arms ?? {})
  if (arms.length < 2) throw new Error(`${file}: found ${arms.length} models, at least 2 are needed`)
  const native = loadNative()
  const rows = parsed.map(({ prompt, arms: recorded }, index) => {
    const features = new Float64Array(PROMPT_FEATURES)
    native.promptFeatures(prompt, features)
    const figures = arms.map(arm => recorded[arm])
    if (figures.some(figure => !isLegal(figure))) {
      throw new Error(
        `${file}, line ${index + 1}: each of ${arms.join(', ')} needs a reward from 0 to 1 and a cost`,
      )
    }
    const known = figures as { readonly reward: number; readonly cost: number }[]
    return {
      prompt,
      features,
      rewards: known.map(({ reward }) => reward),
      costs: known.map(({ cost }) => cost),
    }
  })
  return { arms, rows }
}

function parse(line: string, where: string): RecordedLine {
  try {
    const value = JSON.parse(line) as RecordedLine
    if (typeof value.prompt === 'string' && typeof value.arms === 'object' && value.arms !== null)
      return value
  } catch {
    // Said below, like every other form that it doesn't have.
  }
  throw new Error(`${where}: found no object with a prompt and arms`)
}

function isLegal(figure: { readonly reward: number; readonly cost: number } | undefined): boolean {
  return figure !== undefined && figure.reward >= 0 && figure.reward <= 1 && figure.cost >= 0
}
