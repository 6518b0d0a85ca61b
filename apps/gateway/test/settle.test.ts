import { systemClock } from '@atp/core/clock'
import { loadConfig } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import { OutputLengths, TenantPacers } from '@atp/domain/routing'
import { DEFAULT_TENANT } from '@atp/domain/tenant'
import { createMetrics } from '@atp/infrastructure/telemetry'
import { typescriptNative } from '@atp/native'
import { expect, it } from 'vitest'
import type { Walk } from '../src/corridor/exchange.ts'
import { Settler } from '../src/corridor/settle.ts'

it('charges a budget with what is expected, and corrects it once by what was paid', () => {
  const pacers = new TenantPacers(1)
  const settler = new Settler({
    clock: systemClock,
    random: new SystemRandom(),
    metrics: createMetrics(),
    pacers,
    lengths: new OutputLengths(typescriptNative, Number.POSITIVE_INFINITY),
    signals: loadConfig({ env: {} }).config.observation.signals,
  })
  const plan = { forecasts: [{ utility: 1, costUsd: 5 }], candidates: [{ estimate: { costUsd: 5 } }] }
  const walk = { exchange: { tenant: DEFAULT_TENANT }, plan, attempts: [] } as unknown as Walk
  const pacer = pacers.of(DEFAULT_TENANT)
  /** A budget of 1 begins with 10 saved up, and each request adds 1. */
  const savedUp = (usd: number) =>
    pacer?.affords(usd, usd) === true && pacer.affords(usd + 0.01, usd) === false
  const reserved: Walk = { ...walk, reservedUsd: settler.reserve(walk) }
  expect(reserved.reservedUsd).toBe(5)
  expect(savedUp(6)).toBe(true)
  settler.charge(reserved, 2)
  expect(savedUp(9)).toBe(true)
  // A second model that was tried: nothing is reserved any more.
  settler.charge(reserved, 3)
  expect(savedUp(6)).toBe(true)
  const pinned: Walk = { ...walk, plan: { ...walk.plan, forecasts: null }, reservedUsd: 0 }
  expect(settler.reserve(pinned)).toBe(0)
  settler.charge(pinned, 4)
  expect(savedUp(6)).toBe(true)
})
