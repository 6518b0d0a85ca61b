import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadNative, typescriptNative } from '../src/index.ts'
import { rust, withoutRust } from './implementations.ts'

const ADDON = fileURLToPath(new URL('../addon/', import.meta.url))
const BUILT = rust === null ? '' : (readdirSync(ADDON).find(name => name.endsWith('.node')) as string)
const LIBC = process.platform === 'linux' ? '-gnu' : process.platform === 'win32' ? '-msvc' : ''
const NAME = `atp-napi.${process.platform}-${process.arch}${LIBC}.node`

function load(addonDirectory: string, env: Record<string, string> = {}) {
  const lines: string[] = []
  const native = loadNative({ addonDirectory, env, log: line => lines.push(line) })
  return { native, lines }
}

/** Loads in a process of its own, which a broken addon might end, and decides once. */
function loadInChild(addonDirectory: string): { readonly lines: string[]; readonly chosen: number } {
  const script = `
    import { loadNative } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
    const lines = []
    const native = loadNative({ addonDirectory: process.argv[1], env: {}, log: line => lines.push(line) })
    const bandit = native.createBandit({ halfLifeMs: Infinity })
    bandit.addArm(1, 1, 1)
    const chosen = bandit.select('thompson', 1, 2, 0, Float64Array.of(1), Float64Array.of(0), new Float64Array(1))
    console.log(JSON.stringify({ lines, chosen }))`
  const args = ['--conditions=@atp/source', '--input-type=module', '--eval', script, addonDirectory]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }))
}

describe('loading the native module', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'atp-addon-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  const place = (name: string, bytes: Uint8Array | string, checksum?: string) => {
    writeFileSync(join(directory, name), bytes)
    writeFileSync(
      join(directory, `${name}.sha256`),
      checksum ?? createHash('sha256').update(bytes).digest('hex'),
    )
  }

  it('takes TypeScript where ATP_NATIVE is off, and says so', () => {
    const { native, lines } = load(ADDON, { ATP_NATIVE: 'off' })
    expect(native).toBe(typescriptNative)
    expect(lines).toEqual(['native: TypeScript is used, because ATP_NATIVE is off'])
  })

  it('falls back where the addon is missing, in one line that says where it was sought', () => {
    const { native, lines } = load(directory)
    expect(native.implementation).toBe('typescript')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^native: TypeScript is used, because the Rust addon is missing \(.*atp-napi\..*\.node/,
    )
    expect(lines[0]).toContain(directory)
    expect(lines[0]).not.toContain('\n')
  })

  it('falls back where the addon is no library', () => {
    place(NAME, 'this is not a shared library')
    const { lines, chosen } = loadInChild(directory)
    expect(chosen).toBe(0)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^native: TypeScript is used, because the Rust addon is broken \(.*\)$/)
  })

  it('falls back, without opening it, where the addon has no checksum or another one', () => {
    place(NAME, 'half a library', 'the checksum of the whole')
    expect(load(directory).lines).toEqual([expect.stringContaining('does not match its checksum')])
    rmSync(join(directory, `${NAME}.sha256`))
    expect(load(directory).lines).toEqual([expect.stringContaining('sha256')])
  })

  it.skipIf(rust === null)(`falls back where the addon was cut short${withoutRust}`, () => {
    const whole = readFileSync(join(ADDON, BUILT))
    const checksum = createHash('sha256').update(whole).digest('hex')
    place(BUILT, whole.subarray(0, whole.length / 2), checksum)
    const { lines, chosen } = loadInChild(directory)
    expect(chosen).toBe(0)
    expect(lines).toEqual([expect.stringContaining('does not match its checksum')])
  })

  it.skipIf(rust === null)(`takes Rust where it is there, and says nothing${withoutRust}`, () => {
    const { native, lines } = load(ADDON)
    expect(native.implementation).toBe('rust')
    expect(lines).toEqual([])
  })
})
