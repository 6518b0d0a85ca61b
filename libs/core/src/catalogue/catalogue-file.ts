/** Reads catalogues: the one that comes with the gateway, and an operator's own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { Type } from 'typebox'
import { CAPABILITIES } from '../config/adapter-schema.ts'
import { AtpError, type FieldProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import {
  CATALOGUE_FORMAT,
  CATALOGUE_PROVIDERS,
  type CatalogueData,
  type NamedCatalogue,
} from './catalogue.ts'

const BUILT_IN = join(import.meta.dirname, '../../catalogue/models.json')

/** It is tested, and not checked again each time. */
export function builtInCatalogue(): NamedCatalogue {
  return { file: null, data: JSON.parse(readFileSync(BUILT_IN, 'utf8')) as CatalogueData }
}

/** @throws {AtpError} `invalid_config`, naming the file and what is wrong in it */
export function readCatalogue(file: string): NamedCatalogue {
  const data = readJson(file)
  const problems = catalogueChecker()(data)
  if (problems.length > 0) throw invalid(`${file} is no catalogue.`, problems)
  return { file, data: data as CatalogueData }
}

/** @throws {AtpError} `invalid_config` */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const found = code === undefined ? 'something else than JSON' : `a file that cannot be read (${code})`
    const problem = { field: file, found: code === 'ENOENT' ? 'nothing' : found, allowed: 'a JSON file' }
    // Without its cause, whose message would quote the file.
    throw invalid(`${file} cannot be read: ${problem.found}.`, [problem])
  }
}

/** Says of any data what is wrong with it as a catalogue. */
export function catalogueChecker(): (data: unknown) => FieldProblem[] {
  const check = new Ajv({ allErrors: true, verbose: true }).compile(CatalogueSchema)
  return data => (check(data) ? [] : schemaProblems(check.errors ?? [], 'catalogue').slice(0, MOST_PROBLEMS))
}

/** A file of another format would have thousands. */
const MOST_PROBLEMS = 20

const Usd = Type.Number({ minimum: 0, maximum: 1_000_000 })
const Tokens = Type.Integer({ minimum: 1 })

const CatalogueSchema = Type.Object(
  {
    format: Type.Literal(CATALOGUE_FORMAT),
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    origin: Type.String({ minLength: 1 }),
    models: Type.Array(
      Type.Object(
        {
          provider: Type.Enum([...CATALOGUE_PROVIDERS]),
          model: Type.String({ minLength: 1 }),
          mode: Type.Enum(['chat', 'embedding']),
          input_usd_per_mtok: Usd,
          output_usd_per_mtok: Usd,
          cached_input_usd_per_mtok: Type.Optional(Usd),
          context_window: Type.Optional(Tokens),
          max_output_tokens: Type.Optional(Tokens),
          capabilities: Type.Array(Type.Enum([...CAPABILITIES]), { uniqueItems: true }),
          source: Type.String({ minLength: 1 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

function invalid(detail: string, problems: readonly FieldProblem[]): AtpError {
  return new AtpError('invalid_config', { detail, problems })
}
