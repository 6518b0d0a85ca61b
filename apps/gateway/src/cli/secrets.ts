/** `atp secrets doctor`: where each secret comes from, and whether it can be read; never what it is. */
import { systemClock } from '@atp/core/clock'
import { loadConfig } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import type { SecretStatus } from '@atp/infrastructure/secrets'
import { secretStoreOf } from '../secrets/open-secrets.ts'
import { textTable } from '../text-table.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'

/** Ends with code 1 where one cannot be read. */
export async function diagnoseSecrets(file: string | undefined): Promise<void> {
  const source = configFileOf(file)
  try {
    const { config } = loadConfig(source)
    const quiet = { info: () => undefined, warn: () => undefined }
    const store = secretStoreOf(config, {
      env: source.env,
      clock: systemClock,
      random: new SystemRandom(),
      log: quiet,
    })
    await store.load()
    process.stdout.write(report(store.status()))
    if (store.status().some(({ failure }) => failure !== null)) process.exitCode = 1
    await store.close()
  } catch (error) {
    explainBadConfig(error)
  }
}

function report(secrets: readonly SecretStatus[]): string {
  if (secrets.length === 0) return 'The configuration names no secret.\n'
  const now = systemClock.now()
  const rows = secrets.map(({ field, reference, version, madeAt, failure }) => [
    field,
    reference,
    version ?? '',
    madeAt === null ? '' : ageOf(now - madeAt),
    failure === null ? 'readable' : `${failure.reason}: ${failure.message}`,
  ])
  return `${textTable(['key', 'comes from', 'version', 'age', 'state'], rows)}\n`
}

/** In the largest unit of which there are two. */
function ageOf(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? [1_000, 's']
  return `${Math.floor(ms / size)} ${unit}`
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const
