import { describe, expect, it } from 'vitest'
import { AtpError, ERROR_CATALOGUE } from '../src/errors.ts'

describe('AtpError', () => {
  it('takes its status from the catalogue', () => {
    expect(new AtpError('no_candidate', { detail: 'none' }).status).toBe(422)
  })

  it('keeps what it was given, and is an Error with a cause', () => {
    const cause = new Error('why')
    const problems = [{ field: 'a', found: 'b', allowed: 'c' }]
    const error = new AtpError('upstream_rate_limited', {
      detail: 'later',
      problems,
      retryAfterMs: 250,
      context: { arm: 'a/b' },
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'AtpError', message: 'later', problems, retryAfterMs: 250, cause })
    expect(error.context).toEqual({ arm: 'a/b' })
  })

  it('has no cause, problems or context unless given', () => {
    const error = new AtpError('internal', { detail: 'x' })
    expect('cause' in error).toBe(false)
    expect([error.problems, error.retryAfterMs, error.context]).toEqual([[], undefined, {}])
  })
})

describe('the catalogue', () => {
  it.each(Object.entries(ERROR_CATALOGUE))('gives %s an error status, a title and a type', (_, entry) => {
    expect(entry.status).toBeGreaterThanOrEqual(400)
    expect(entry.status).toBeLessThan(600)
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/)
    // OpenAI's own type of a spent budget is no error by its name.
    expect(entry.openaiType).toMatch(/^([a-z_]+_error|insufficient_quota)$/)
  })
})
