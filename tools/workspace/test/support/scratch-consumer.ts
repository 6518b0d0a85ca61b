/** A project outside of the workspace that has installed the libraries from their tarballs: it sees what npm would ship and nothing else. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output, ROOT } from './run.ts'

export interface ScratchConsumer extends AsyncDisposable {
  readonly directory: string
  /** Every published entry: "@atp/native", "@atp/core/clock". */
  readonly entries: readonly string[]
}

export async function scratchConsumer(libs: readonly string[]): Promise<ScratchConsumer> {
  const directory = await mkdtemp(join(tmpdir(), 'atp-consumer-'))
  await mkdir(join(directory, 'node_modules/@atp'), { recursive: true })
  await writeFile(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
  await linkAll(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  for (const lib of libs) await install(lib, directory)
  return {
    directory,
    entries: (await Promise.all(libs.map(entriesOf))).flat(),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

async function install(lib: string, consumer: string): Promise<void> {
  const source = join(ROOT, 'libs', lib)
  const target = join(consumer, 'node_modules/@atp', lib)
  const packed = await output('npm', ['pack', '--json', '--silent', '--pack-destination', consumer], {
    cwd: source,
  })
  await mkdir(target)
  await output('tar', ['-xzf', join(consumer, tarballOf(packed)), '-C', target, '--strip-components=1'])
  // What npm couldn't hoist, as the versions of two dependents differ.
  await mkdir(join(target, 'node_modules'))
  await linkAll(join(source, 'node_modules'), join(target, 'node_modules'))
}

function tarballOf(packed: string): string {
  const name = /"filename":\s*"([^"]+)"/.exec(packed)?.[1]
  if (name === undefined) throw new Error(`npm pack named no file: ${packed}`)
  return name
}

/** The third-party packages of a node_modules folder, and none of ours. */
async function linkAll(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => [])
  for (const name of names) {
    if (name !== '@atp' && !name.startsWith('.')) await symlink(join(from, name), join(to, name))
  }
}

async function entriesOf(lib: string): Promise<readonly string[]> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'libs', lib, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, unknown>>
  }
  const paths = Object.keys(manifest.exports).filter(path => !path.endsWith('.json'))
  return paths.map(path => manifest.name + path.slice(1))
}
