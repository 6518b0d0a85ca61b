import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Says which of the SDK's modules are loaded, in a process of its own. */
const LOADED = `
  const { registerHooks } = await import('node:module')
  const loaded = new Set()
  registerHooks({ load(url, context, next) { if (url.includes('@ai-sdk/')) loaded.add(url.split('@ai-sdk/')[1].split('/')[0]); return next(url, context) } })
  const { createAiSdkProvider } = await import('@atp/infrastructure/providers')
  const before = [...loaded]
  const timeouts = { connect: 1, firstToken: 1, idle: 1, total: 1 }
  const provider = createAiSdkProvider({ adapterId: 'a', kind: 'cohere', apiKey: null, timeouts, maxConnections: 1 })
  await provider.complete({ upstreamModel: 'm', body: { model: 'm', messages: [], n: 2 }, signal: AbortSignal.abort() }).catch(() => {})
  console.log(JSON.stringify({ before, after: [...loaded].sort() }))
`

it('the SDK is loaded with the first adapter that needs it, and of its packages those of that kind', () => {
  const args = ['--conditions=@atp/source', '--input-type=module', '--eval', LOADED]
  const { before, after } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  expect(before).toEqual([])
  expect(after).toEqual(['cohere', 'provider', 'provider-utils'])
})
