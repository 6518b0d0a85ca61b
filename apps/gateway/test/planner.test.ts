import type { ArmId, DecisionId } from '@atp/core/ids'
import { epochMs } from '@atp/core/units'
import type { Router } from '@atp/domain/routing'
import { BUILT_IN_TENANT, DEFAULT_TENANT } from '@atp/domain/tenant'
import { typescriptNative } from '@atp/native'
import { describe, expect, it, vi } from 'vitest'
import { Planner } from '../src/corridor/plan.ts'
import { PromptReader } from '../src/corridor/prompt-reader.ts'

describe('the planner', () => {
  it('counts the tokens of a prompt once, however many arms ask, and not before one does', async () => {
    const count = vi.fn(() => 7)
    const qualityFloors = { fast: 0, balanced: 0, high: 0 }
    const planner = new Planner(
      {} as Router,
      { strategy: 'thompson', shadow: null, preference: 'balanced', qualityFloors },
      count,
      new PromptReader(typescriptNative, null),
    )
    const request = await planner.request({
      id: 'decision' as DecisionId,
      caller: { tenant: BUILT_IN_TENANT, key: null },
      tenant: DEFAULT_TENANT,
      at: epochMs(0),
      body: { model: 'up/a' as ArmId, messages: [{ role: 'user', content: 'Hello?' }] },
      options: {},
      signal: new AbortController().signal,
    })
    expect(count).not.toHaveBeenCalled()
    expect([request.countInputTokens(), request.countInputTokens()]).toEqual([7, 7])
    expect(count).toHaveBeenCalledTimes(1)
  })
})
