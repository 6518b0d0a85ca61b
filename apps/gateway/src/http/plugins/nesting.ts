/**
 * Refuses bodies that are nested deeper than anybody needs. Whoever serializes such a body later, each level deep in its own
 * stack, would fail in the middle of the request's way.
 */
import { AtpError } from '@atp/core/errors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const MOST_LEVELS = 100

async function nesting(app: FastifyInstance): Promise<void> {
  app.addHook('preValidation', (request, _reply, done) => {
    done(deepIn(request.body) ?? undefined)
  })
}

/** @returns the refusal of a body that is nested too deeply; null where it is not */
export function deepIn(body: unknown): AtpError | null {
  const fields = body as Readonly<Record<string, unknown>> | undefined
  for (const field in fields) {
    const value = fields[field]
    if (typeof value === 'object' && goesDeeper(value, MOST_LEVELS)) return tooDeep(field)
  }
  return null
}

function goesDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some(inner => goesDeeper(inner, levels - 1))
  for (const key in value) {
    const inner: unknown = value[key as never]
    if (typeof inner === 'object' && goesDeeper(inner, levels - 1)) return true
  }
  return false
}

function tooDeep(field: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'the body is nested too deeply',
    problems: [{ field, found: `more than ${MOST_LEVELS} levels`, allowed: `at most ${MOST_LEVELS} levels` }],
  })
}

export default fp(nesting, { name: 'nesting' })
