/** `atp replay`: what other policies would have earned on recorded traffic. */
import { systemClock } from '@atp/core/clock'
import { type LoadedConfig, loadConfig, parseDuration } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import { SeededRandom, SystemRandom } from '@atp/core/random'
import {
  judgedLog,
  judgePolicy,
  type LoggedDecision,
  type PolicyJudgement,
  type TargetPolicy,
  type Unusable,
} from '@atp/domain/replay'
import { type Preset, Utility } from '@atp/domain/routing'
import { readDecisionLog } from '@atp/infrastructure/database'
import { isOfDatabase, secretStoreOf, serverAddress } from '../secrets/open-secrets.ts'
import { textTable } from '../text-table.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'

export interface ReplayArguments {
  readonly config?: string
  readonly policy: readonly TargetPolicy['rule'][]
  readonly quality?: Preset
  readonly since: string
  readonly limit: number
  readonly json: boolean
}

interface Judged {
  readonly policy: string
  readonly judgement: PolicyJudgement
}

export async function replay({ config: file, ...options }: ReplayArguments): Promise<void> {
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(configFileOf(file))
  } catch (error) {
    return explainBadConfig(error)
  }
  try {
    process.stdout.write(await reportOn(loaded, options))
  } catch (error) {
    if (!(error instanceof AtpError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

async function reportOn(loaded: LoadedConfig, options: Omit<ReplayArguments, 'config'>): Promise<string> {
  const log = await decisionLog(loaded, options)
  const usable = judgedLog(log, progressOver(log.length))
  const { decisions, unusable } = usable
  const preference = preferenceOf(loaded.config, options.quality)
  const rules = options.policy.length > 0 ? options.policy : everyRule(log)
  // The same draws for each, so that equal policies have equal intervals, and a second run says the same.
  const judged: Judged[] =
    decisions.length === 0
      ? []
      : rules.map(rule => ({
          policy: nameOf(rule),
          judgement: judgePolicy(usable, { rule, ...preference }, uniformOf(new SeededRandom(1))),
        }))
  const report = { decisions: log.length, usable: decisions.length, unusable, policies: judged }
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : render(report, options.since)
}

async function decisionLog(
  { config }: LoadedConfig,
  { since, limit }: Pick<ReplayArguments, 'since' | 'limit'>,
) {
  const quiet = { info: () => undefined, warn: () => undefined }
  const surroundings = { env: process.env, clock: systemClock, random: new SystemRandom(), log: quiet }
  const secrets = secretStoreOf(config, surroundings, isOfDatabase)
  try {
    await secrets.open()
    const databaseUrl = serverAddress(secrets, config.database)
    return await readDecisionLog({
      dataDir: config.data.dir,
      ...(databaseUrl === null ? {} : { databaseUrl }),
      since: systemClock.now() - parseDuration(since),
      limit,
    })
  } finally {
    await secrets.close()
  }
}

/** Each arm alone too: a router that does not beat the best of them is not worth having. */
function everyRule(log: readonly LoggedDecision[]): TargetPolicy['rule'][] {
  const arms = new Set(log.flatMap(({ candidates }) => candidates.map(({ arm }) => arm)))
  const shadow = log.some(({ shadow }) => shadow !== null) ? (['shadow'] as const) : []
  return ['recorded', ...shadow, 'thompson', 'greedy', 'random', ...[...arms].map(always => ({ always }))]
}

function preferenceOf(
  { routing }: LoadedConfig['config'],
  quality: Preset | undefined,
): Pick<TargetPolicy, 'preference'> {
  if (quality === undefined) return {}
  const references = {
    costUsd: routing.cost_reference_usd,
    latencyMs: parseDuration(routing.latency_reference),
  }
  const utility = new Utility(references, routing.presets)
  return { preference: { weights: utility.weights(quality), utility } }
}

function uniformOf(random: SeededRandom): () => number {
  return () => random.uint32() / 2 ** 32
}

function nameOf(rule: TargetPolicy['rule']): string {
  return typeof rule === 'string' ? rule : `always ${rule.always}`
}

const REDRAW_EVERY = 200

/** On a terminal only. */
function progressOver(total: number): () => void {
  let done = 0
  return () => {
    done += 1
    if (!process.stderr.isTTY || (done % REDRAW_EVERY !== 0 && done !== total)) return
    process.stderr.write(`\r\u001b[2K${done === total ? '' : `looking at decision ${done} of ${total}`}`)
  }
}

function render(
  {
    decisions,
    usable,
    unusable,
    policies,
  }: {
    readonly decisions: number
    readonly usable: number
    readonly unusable: Unusable
    readonly policies: readonly Judged[]
  },
  since: string,
): string {
  const left = Object.entries(unusable).filter(([, count]) => count > 0)
  const why = left.map(([reason, count]) => `${count} ${WORDS[reason as keyof typeof WORDS]}`).join(', ')
  const head = `${decisions} decisions of the last ${since}, ${usable} to judge by${why === '' ? '' : `; not: ${why}`}\n`
  if (usable === 0) return `${head}\n${ADVICE}\n`
  const columns = ['policy', 'quality', '95% interval', 'doubly robust', '$ per 1,000', 'worth']
  return `${head}\n${textTable(columns, policies.map(rowOf))}\n\n${CAPTION}\n`
}

function rowOf({ policy, judgement: { quality, costUsd } }: Judged): string[] {
  const worth = Math.round(quality.effectiveSampleSize)
  if (!quality.conclusive) return [policy, 'too little to say', '', '', '', `${worth}`]
  const { snips, dr } = quality
  return [
    policy,
    snips.mean.toFixed(3),
    `${snips.low.toFixed(3)} to ${snips.high.toFixed(3)}`,
    `${dr.mean.toFixed(3)} (${dr.low.toFixed(3)} to ${dr.high.toFixed(3)})`,
    (costUsd.snips.mean * 1000).toFixed(3),
    `${worth}`,
  ]
}

const WORDS = {
  pinned: 'whose model the client had named',
  unjudged: 'that nobody judged',
  fallback: 'that another model answered than the one chosen',
  certain: 'where nothing else could have been chosen',
}

const ADVICE = `Nothing to judge by: feedback (POST /v1/observe) says how good answers were, and thompson, linthompson or a share
of blind choices (routing.exploration) give other models a chance to show.`

const CAPTION = `Quality: by inverse propensities, self-normalised. Worth: how many decisions of that policy the record is worth;
below 100 it says too little. The policies are judged by what was believed when each decision was taken. Where
it depends on the answer whether somebody judges it, so does what you see here.`
