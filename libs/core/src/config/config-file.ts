/** Reads the configuration file: YAML, one document, a mapping. Errors never quote its lines: they may hold secrets. */
import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import { AtpError, type FieldProblem } from '../errors.ts'

/**
 * @param text what stands in it, where it was read before
 * @throws AtpError `invalid_config`, naming the file, and where in it the syntax is wrong
 */
export function readConfigFile(file: string, text = readConfigText(file)): Record<string, unknown> {
  const value = parsed(text, file)
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw invalidFile(file, 'is not a mapping', {
      field: file,
      found: kindOf(value),
      allowed: 'keys with values',
    })
  }
  return withoutEmptyKeys(value) as Record<string, unknown>
}

/** @throws AtpError `invalid_config` where it cannot be read */
export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const found = code === 'ENOENT' ? 'nothing' : `a file that cannot be read (${code})`
    throw invalidFile(file, 'cannot be read', { field: file, found, allowed: 'a YAML file' })
  }
}

function parsed(text: string, file: string): unknown {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, lineCounter })
  const [error] = document.errors
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0])
    const where = `line ${line}, column ${col}`
    throw invalidFile(file, `is not valid YAML at ${where}`, {
      field: `${file}, ${where}`,
      found: error.message,
      allowed: 'valid YAML',
    })
  }
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause)
    throw invalidFile(file, 'is not valid YAML', { field: file, found, allowed: 'valid YAML' })
  }
}

/** A section whose keys are all commented out is null in YAML; here, as people mean it, it is absent. */
function withoutEmptyKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutEmptyKeys(inner)]),
  )
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function invalidFile(file: string, complaint: string, problem: FieldProblem): AtpError {
  return new AtpError('invalid_config', {
    detail: `The configuration file ${file} ${complaint}.`,
    problems: [problem],
  })
}
