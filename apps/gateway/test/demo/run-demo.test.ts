import { createServer } from 'node:net'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { DemoError } from '../../src/demo/demo-error.ts'
import { type DemoOptions, runDemo } from '../../src/demo/run-demo.ts'
import { COST, fakeGateway, QUALITY } from './fake-gateway.ts'

class Screen extends Writable {
  text = ''
  isTTY?: boolean
  columns?: number

  override _write(part: Buffer, _encoding: string, done: () => void): void {
    this.text += part.toString()
    done()
  }
}

function optionsFor(url: string, over: Partial<DemoOptions> = {}): DemoOptions & { out: Screen } {
  const out = new Screen()
  const signal = new AbortController().signal
  return {
    url,
    key: null,
    requests: 200,
    concurrency: 4,
    preference: 'balanced',
    sample: 20,
    signal,
    ...over,
    out,
  }
}

describe('the demo', () => {
  it('judges every routed answer, tells the gateway, and shows what was learned', async () => {
    const gateway = await fakeGateway()
    const report = await runDemo(optionsFor(gateway.url))
    expect(gateway.observed).toHaveLength(200)
    expect(new Set(gateway.observed.map(({ quality }) => quality))).toEqual(new Set(Object.values(QUALITY)))
    const learned = report.shares[0]
    expect(learned).toMatchObject({ arm: 'alpha/sim-mini', lastQuarter: 1 })
    expect(learned?.firstQuarter).toBeLessThan(0.8)
    expect(report.lastQuarter.quality).toBeCloseTo(QUALITY['alpha/sim-mini'])
    expect(report.lastQuarter.costUsd).toBeCloseTo(COST['alpha/sim-mini'], 9)
    expect(report.failed).toBe(0)
  })

  it('sends its key with every request, and none where it has none', async () => {
    for (const [key, expected] of [
      ['atp_k', 'Bearer atp_k'],
      [null, undefined],
    ] as const) {
      const gateway = await fakeGateway()
      await runDemo(optionsFor(gateway.url, { key, requests: 2 }))
      expect(new Set(gateway.authorizations)).toEqual(new Set([expected]))
    }
  })

  it('sends its preference when it routes, and a model when it measures one alone, and teaches nothing by that', async () => {
    const gateway = await fakeGateway()
    await runDemo(optionsFor(gateway.url, { preference: 'fast' }))
    const routed = gateway.asked.slice(0, 200)
    const pinned = gateway.asked.slice(200)
    expect(routed.every(({ quality, model }) => quality === 'fast' && model === undefined)).toBe(true)
    expect(pinned).toHaveLength(3 * 20)
    expect(pinned.every(({ model }) => model !== undefined)).toBe(true)
    expect(gateway.observed).toHaveLength(200)
    const prompts = new Set(routed.map(({ prompt }) => prompt))
    expect(pinned.every(({ prompt }) => prompts.has(prompt))).toBe(true)
  })

  it('finds the best and the cheapest by measuring, and says so under the table', async () => {
    const gateway = await fakeGateway()
    const options = optionsFor(gateway.url)
    const report = await runDemo(options)
    expect(report).toMatchObject({ best: 'alpha/sim-large', cheapest: 'alpha/sim-nano' })
    expect(report.pinned.get('alpha/sim-large')).toMatchObject({ answers: 20, medianLatencyMs: 100 })
    expect(options.out.text).toContain('200 prompts routed, preference balanced')
    expect(options.out.text).toMatch(/routed, last quarter +0\.86 +0\.100 +100 ms/)
    expect(options.out.text).toMatch(/always-best: alpha\/sim-large +0\.94 +2\.000 +100 ms/)
    expect(options.out.text).toMatch(/always-cheapest: alpha\/sim-nano +0\.50 +0\.030 +100 ms/)
    expect(options.out.text).toContain('as measured: the first 20 of the same prompts')
  })

  it('draws one live line on a terminal, and a plain line now and then elsewhere', async () => {
    const { url } = await fakeGateway()
    const plain = optionsFor(url)
    await runDemo(plain)
    const lines = plain.out.text.split('\n').filter(line => line.startsWith('routed '))
    expect(lines.length).toBeGreaterThanOrEqual(5)
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(lines.at(-1)).toContain('routed 200/200')
    expect(plain.out.text).not.toContain('\u001b')

    const terminal = optionsFor(url)
    Object.assign(terminal.out, { isTTY: true, columns: 60 })
    await runDemo(terminal)
    const [progress = ''] = terminal.out.text.split('200 prompts routed')
    expect(progress).not.toContain('\n')
    const drawn = progress.split('\r\u001b[2K').filter(Boolean)
    expect(drawn.length).toBeGreaterThan(0)
    expect(drawn.every(line => line.length < 60)).toBe(true)
  })

  it('counts requests that the gateway fails, and goes on', async () => {
    const gateway = await fakeGateway({ status: count => (count % 10 === 0 ? 502 : 200) })
    const options = optionsFor(gateway.url, { sample: 0 })
    const report = await runDemo(options)
    expect(report.failed).toBe(20)
    expect(report.routed.answers).toBe(180)
    expect(options.out.text).toContain(', 20 failed')
  })

  it('prints the table so far when it is stopped', async () => {
    const stop = new AbortController()
    const gateway = await fakeGateway({ onAsk: count => count === 50 && stop.abort() })
    const options = optionsFor(gateway.url, { signal: stop.signal })
    const report = await runDemo(options)
    expect(report).toMatchObject({ interrupted: true, best: null, cheapest: null, failed: 0 })
    expect(report.routed.answers).toBeGreaterThan(20)
    expect(report.routed.answers).toBeLessThan(60)
    expect(options.out.text).toContain('stopped early')
    expect(options.out.text).toContain('were not measured alone')
  })
})

describe('the demo gives up with a clear word', () => {
  const messageOf = async (url: string, over: Partial<DemoOptions> = {}): Promise<string> => {
    const error = await runDemo(optionsFor(url, over)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DemoError)
    return (error as DemoError).message
  }

  it('where no gateway answers: how to start one', async () => {
    const unused = createServer()
    await new Promise<void>(resolve => unused.listen(0, '127.0.0.1', resolve))
    const address = unused.address()
    await new Promise(resolve => unused.close(resolve))
    const port = typeof address === 'object' ? address?.port : 0
    const message = await messageOf(`http://127.0.0.1:${port}/`)
    expect(message).toContain(`http://127.0.0.1:${port} (ECONNREFUSED)`)
    expect(message).toContain('npm run up')
  })

  it('where it is stopped before it began', async () => {
    const { url } = await fakeGateway()
    expect(await messageOf(url, { signal: AbortSignal.abort() })).toContain('stopped')
  })

  it('where a real model answers: it needs the simulated ones', async () => {
    const gateway = await fakeGateway({ text: 'The answer is 42.' })
    expect(await messageOf(gateway.url)).toContain('needs the simulated models')
    expect(gateway.observed).toEqual([])
    expect(gateway.asked.length).toBeLessThan(10)
  })

  it('where nothing but errors comes back: the last of them', async () => {
    const gateway = await fakeGateway({ status: () => 502 })
    expect(await messageOf(gateway.url)).toContain('502 Every candidate failed')
    expect(gateway.asked.length).toBeLessThan(20)
  })
})
