import { afterEach, describe, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

describe('learning through the gateway', () => {
  it.each(['thompson', 'ucb', 'swucb'])(
    'moves the traffic to the best model, and on when it falls behind: %s',
    async strategy => {
      const setup = await SimulatedSetup.start({
        timeScale: 0,
        env: { ATP_ROUTING_HALF_LIFE: '2s', ATP_ROUTING_WINDOW: '4s', ATP_ROUTING_UCB_EXPLORATION: '0.3' },
      })
      opened.push(setup)
      const truth: Record<string, number> = { 'alpha/sim-mini': 0.9 }
      const request = { prompt: 'Hello?', strategy, quality: { quality: 1, cost: 0, latency: 0 } }
      const shareOf = async (arm: string): Promise<number> => {
        let hits = 0
        for (let times = 0; times < 60; times++) {
          const { body } = await setup.post<{ model: string; decision_id: string }>('/v1/ask', request)
          if (body.model === arm) hits += 1
          const quality = truth[body.model] ?? 0.2
          await setup.post('/v1/observe', { decision_id: body.decision_id, quality })
        }
        return hits / 60
      }
      // Each waits for a condition: a hang is found by the test's own deadline.
      while ((await shareOf('alpha/sim-mini')) < 0.6);
      truth['alpha/sim-mini'] = 0.1
      truth['beta/sim-chat'] = 0.9
      while ((await shareOf('beta/sim-chat')) < 0.6);
    },
  )
})
