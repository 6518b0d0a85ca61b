/** What happens to the models while a policy plays. Progress runs from 0 to 1 over the rows. */
import type { Row } from './data.ts'

export interface Scenario {
  readonly name: string
  /** Share of answers that somebody judges. */
  readonly feedback: number
  /** Whether the best model that the budget bears comes only at half. */
  readonly newcomer?: boolean
  /** What an answer of an arm is worth and costs now. @param best the arm with the highest mean reward of all rows */
  answer(
    row: Row,
    arm: number,
    progress: number,
    best: number,
  ): { readonly reward: number; readonly cost: number }
}

function as({ rewards, costs }: Row, arm: number) {
  return { reward: rewards[arm] as number, cost: costs[arm] as number }
}

const STATIONARY: Scenario = { name: 'stationary', feedback: 1, answer: as }

export const SCENARIOS: readonly Scenario[] = [
  STATIONARY,
  { ...STATIONARY, name: 'feedback on 10%', feedback: 0.1 },
  { ...STATIONARY, name: 'feedback on 2%', feedback: 0.02 },
  { ...STATIONARY, name: 'the best model that the budget bears comes at half', newcomer: true },
  {
    ...STATIONARY,
    name: 'the best model at a fifth of its price from half',
    answer(row, arm, progress, best) {
      const { reward, cost } = as(row, arm)
      return { reward, cost: arm === best && progress >= 0.5 ? cost / 5 : cost }
    },
  },
  {
    ...STATIONARY,
    name: 'the best model at 0.75 of its reward in the middle third',
    answer(row, arm, progress, best) {
      const { reward, cost } = as(row, arm)
      const degraded = arm === best && progress >= 1 / 3 && progress < 2 / 3
      return { reward: degraded ? 0.75 * reward : reward, cost }
    },
  },
]
