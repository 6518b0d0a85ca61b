/** `atp config`: check it, or print its schema. */
import {
  configJsonSchema,
  describeConfig,
  loadConfig,
  localSecretProblems,
  renderProblems,
} from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import { configFileOf } from './config-file.ts'

export function checkConfig(file: string | undefined): void {
  try {
    const source = configFileOf(file)
    const loaded = loadConfig(source)
    const problems = localSecretProblems(loaded.config, source.env)
    if (problems.length > 0) {
      throw new AtpError('invalid_config', { detail: 'Secrets cannot be read.', problems })
    }
    process.stdout.write(`${describeConfig(loaded)}\n`)
  } catch (error) {
    explainBadConfig(error)
  }
}

export function printSchema(): void {
  process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
}

/** Prints what is wrong, one line a key, and has the process end with code 1. @throws whatever isn't about the configuration */
export function explainBadConfig(error: unknown): void {
  if (!(error instanceof AtpError && error.code === 'invalid_config')) throw error
  process.stderr.write(`${error.message}\n${renderProblems(error.problems)}\n`)
  process.exitCode = 1
}
