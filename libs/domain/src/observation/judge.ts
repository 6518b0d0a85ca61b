/** Who says what an answer is worth where no client does. */
import type { TenantId } from '@atp/core/ids'
import type { ChatBody } from '../adapter/provider.ts'
import type { Observation } from './observation.ts'

/** An answer, and what it answers. */
export interface AnswerToJudge {
  readonly tenant: TenantId
  readonly decisionId: NonNullable<Observation['decisionId']>
  /** Who wrote it. */
  readonly arm: Observation['arm']
  readonly body: ChatBody
  readonly text: string
}

export interface Verdict {
  /** In [0, 1]; null where the judge could not tell. */
  readonly quality: number | null
  /** What asking came to; null where nobody was asked. */
  readonly call: Observation | null
}

export interface Judge {
  /** Never throws. @param signal gives it up */
  judge(answer: AnswerToJudge, signal: AbortSignal): Promise<Verdict>
}
