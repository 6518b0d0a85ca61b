/** `atp dead-letters`: look at the rows that Postgres refused, send them again, or let them go. The gateway may run meanwhile. */
import { type LoadedConfig, loadConfig } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import { type DeadLetter, DeadLetterOffice } from '@atp/infrastructure/database'
import { textTable } from '../text-table.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'

export interface DeadLetterArguments {
  readonly config?: string
  readonly json: boolean
}

export function listDeadLetters(options: DeadLetterArguments & { readonly limit: number }): void {
  withOffice(options, office => {
    const letters = office.list(options.limit)
    return options.json ? json(letters.map(summary)) : listText(letters, office.count())
  })
}

export function showDeadLetter(id: string, options: DeadLetterArguments): void {
  withOffice(options, office => {
    const letters = found(office.find(id), id).map(letter => ({
      ...summary(letter),
      row: JSON.parse(letter.row),
    }))
    return options.json ? json(letters) : letters.map(json).join('')
  })
}

/** @param ids empty where all are meant */
export function changeDeadLetters(
  change: 'requeue' | 'discard',
  ids: readonly string[],
  options: DeadLetterArguments & { readonly all: boolean },
): void {
  withOffice(options, office => {
    if (options.all === ids.length > 0) throw unclear()
    for (const id of ids) found(office.find(id), id)
    const wanted = options.all ? [null] : ids
    const count = wanted.reduce((total, id) => total + office[change](id), 0)
    if (options.json) return json({ [DONE[change].field]: count })
    return `${count} ${count === 1 ? 'row' : 'rows'} ${DONE[change].text}\n`
  })
}

const DONE = {
  requeue: { field: 'requeued', text: 'will be sent again' },
  discard: { field: 'discarded', text: 'discarded' },
} as const

function withOffice({ config }: DeadLetterArguments, answerOf: (office: DeadLetterOffice) => string): void {
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(configFileOf(config))
  } catch (error) {
    explainBadConfig(error)
    return
  }
  try {
    const office = DeadLetterOffice.open(loaded.config.data.dir)
    try {
      process.stdout.write(answerOf(office))
    } finally {
      office.close()
    }
  } catch (error) {
    if (!(error instanceof AtpError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

function summary({ id, kind, at, code, reason, requeued }: DeadLetter) {
  return { id, kind, refused_at: new Date(at).toISOString(), code, reason, requeued }
}

function listText(letters: readonly DeadLetter[], all: number): string {
  if (letters.length === 0) return 'no row was refused\n'
  const rows = letters.map(letter => {
    const { id, kind, refused_at, code, reason, requeued } = summary(letter)
    return [id, kind, refused_at, code, requeued ? `${reason} (will be sent again)` : reason]
  })
  const more = all > letters.length ? `\n${all - letters.length} more: --limit\n` : ''
  return `${textTable(['id', 'kind', 'refused at', 'code', 'reason'], rows)}\n${more}`
}

function found(letters: readonly DeadLetter[], id: string): readonly DeadLetter[] {
  if (letters.length > 0) return letters
  throw new AtpError('not_found', {
    detail: `no row with the id '${id}' was refused: see \`atp dead-letters list\``,
  })
}

function unclear(): AtpError {
  return new AtpError('invalid_request', { detail: 'name the ids of rows, or --all, and not both' })
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
