import { AtpError } from '@atp/core/errors'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/workers/plan.ts'
import { Reload } from '../../src/workers/reload.ts'

const plan = {} as Plan

function memoryLog() {
  const lines: string[] = []
  const line = (message: unknown) => void lines.push(String(message))
  return { lines, log: { info: line, error: line } as never }
}

describe('a reload', () => {
  it('asked for while one runs, runs once more afterwards, however often it was asked for', async () => {
    let replaced = 0
    let release = (): void => undefined
    const replace = () => {
      replaced += 1
      return new Promise<void>(resolve => {
        release = resolve
      })
    }
    const reload = new Reload({ replace }, () => plan, memoryLog().log)
    const first = reload.request()
    for (let time = 0; time < 3; time++) void reload.request()
    expect(replaced).toBe(1)
    release()
    await expect.poll(() => replaced).toBe(2)
    release()
    await first
    expect(replaced).toBe(2)
  })

  it('that is refused says every problem, and leaves the next one its turn', async () => {
    const { lines, log } = memoryLog()
    let bad = true
    let replaced = 0
    const read = () => {
      if (!bad) return plan
      const problems = [{ field: 'server.port', found: '1', allowed: '2, as it was at the start' }]
      throw new AtpError('invalid_config', { detail: 'It cannot change.', problems })
    }
    const replace = async () => {
      replaced += 1
    }
    const reload = new Reload({ replace }, read, log)
    await reload.request()
    expect(replaced).toBe(0)
    expect(lines.join('\n')).toMatch(
      /refused[\s\S]*It cannot change\.[\s\S]*server\.port[\s\S]*as it was at the start/,
    )
    bad = false
    await reload.request()
    expect(replaced).toBe(1)
  })
})
