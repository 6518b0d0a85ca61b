/** The soak in its shortest form, so that it runs when it is needed; and that it would notice a leak. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Held, Sample } from '../soak/sample.ts'
import { soak } from '../soak/soak.ts'
import { verdictsOf, verdictText } from '../soak/verdict.ts'

const SOURCES = fileURLToPath(new URL('../../apps/gateway/src/main.ts', import.meta.url))

test('for 20 s a gateway answers, and holds no more sockets and timers than it did', async () => {
  const gateway = ['--conditions=@atp/source', SOURCES]
  const samples = await soak({ gateway, seconds: 20, progress: () => undefined })
  expect(samples.length).toBeGreaterThanOrEqual(10)
  for (const { rss, handles, sockets, timers } of samples) {
    expect(rss).toBeGreaterThan(10)
    expect(handles).toBeGreaterThan(sockets)
    expect(sockets).toBeGreaterThan(0)
    expect(timers).toBeGreaterThan(0)
  }
  // A heap that has just begun still grows.
  const growing = verdictsOf(samples).filter(({ held, isFlat }) => held !== 'rss' && !isFlat)
  expect(growing).toEqual([])
}, 180_000)

test.for(['rss', 'handles', 'sockets', 'timers'] as const)('a leak of %s is told by its slope', held => {
  const verdicts = verdictsOf(samplesWith(held, 120))
  expect(verdicts.filter(({ isFlat }) => !isFlat)).toMatchObject([{ held, slope: 120 }])
  expect(verdictText(verdicts)).toMatch(new RegExp(`^GROWS ${held}:.* 120\\.00 a minute$`, 'm'))
  expect(verdictText(verdicts)).toMatch(/something grows$/)
})

test('what grows while caches fill, and a sample out of line, are no leak', () => {
  const samples = samplesWith('rss', 0).map((sample, index) => ({
    ...sample,
    rss: index < 10 ? 50 + index * 15 : index === 30 ? 900 : 200,
  }))
  expect(verdictText(verdictsOf(samples))).toMatch(/nothing grows$/)
})

test('too few samples say nothing', () => {
  expect(() => verdictsOf(samplesWith('rss', 0).slice(0, 9))).toThrow(
    /10 samples or more are needed, found 9/,
  )
})

function samplesWith(held: Held, perMinute: number): Sample[] {
  return Array.from({ length: 40 }, (_, index) => ({
    seconds: index * 5,
    ...{ rss: 200, handles: 60, sockets: 40, timers: 20 },
    [held]: 200 + (index * 5 * perMinute) / 60,
  }))
}
