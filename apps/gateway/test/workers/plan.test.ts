import { AtpError } from '@atp/core/errors'
import { describe, expect, it } from 'vitest'
import { checkReplaceable, readPlan } from '../../src/workers/plan.ts'

const SHARED = { DATABASE_URL: 'postgres://127.0.0.1/atp' }

function fieldsOf(attempt: () => unknown): string[] {
  try {
    attempt()
  } catch (error) {
    if (error instanceof AtpError && error.code === 'invalid_config')
      return error.problems.map(({ field }) => field)
    throw error
  }
  return []
}

describe('a plan for several workers', () => {
  it('is refused where they could not act as one, naming each key that is missing', () => {
    expect(fieldsOf(() => readPlan({ env: {} }, 2))).toEqual(['database.url'])
    expect(fieldsOf(() => readPlan({ env: SHARED }, 2))).toEqual([])
    expect(fieldsOf(() => readPlan({ env: {} }, 1))).toEqual([])
  })

  it('follows another where they listen at one address and keep their journals in one place', () => {
    const plan = (env: Record<string, string>) => readPlan({ env: { ...SHARED, ...env } }, 2)
    const changed = { ATP_SERVER_PORT: '1', ATP_SERVER_HOST: '127.0.0.2', ATP_DATA_DIR: '/elsewhere' }
    expect(fieldsOf(() => checkReplaceable(plan({}), plan(changed)))).toEqual([
      'server.host',
      'server.port',
      'data.dir',
    ])
    expect(fieldsOf(() => checkReplaceable(plan({}), plan({ ATP_LOG_LEVEL: 'warn' })))).toEqual([])
  })
})
