/** The decision, in response headers. */
import { toUsd } from '@atp/core/units'
import type { AnswerHead, WholeAnswer } from '../corridor/corridor.ts'
import { limitHeaders } from '../limits/limit-headers.ts'
import { guardHeaders } from './guard-headers.ts'

/** Known before anything else. */
export const DECISION_ID = 'x-atp-decision-id'

export function headHeaders(answer: AnswerHead): Record<string, string> {
  return {
    [DECISION_ID]: answer.id,
    'x-atp-model': headerValue(answer.arm),
    'x-atp-attempts': String(answer.attempts),
    ...(answer.isHedged ? { 'x-atp-hedged': 'true' } : {}),
    ...guardHeaders(answer.masked),
    ...limitHeaders(answer.levels),
  }
}

export function wholeHeaders(answer: AnswerHead & Pick<WholeAnswer, 'observation'>): Record<string, string> {
  const headers = headHeaders(answer)
  const { cost, usage } = answer.observation
  if (cost !== null) headers['x-atp-cost-usd'] = String(toUsd(cost))
  if (usage?.estimated) headers['x-atp-usage'] = 'estimated'
  return headers
}

/** A model may be named in any script; a header holds visible ASCII only, so that the rest is percent-encoded. */
function headerValue(text: string): string {
  return VISIBLE_ASCII.test(text) ? text : encodeURI(text.toWellFormed())
}

const VISIBLE_ASCII = /^[\x21-\x7e]*$/
