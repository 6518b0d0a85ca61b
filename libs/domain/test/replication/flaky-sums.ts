/** A store whose next answers are lost: before it heard the question, or after. */
import { InProcessSums, type SharedSum, type SharedSums } from '../../src/replication/index.ts'

export class FlakySums implements SharedSums {
  store = new InProcessSums()
  lose: 'nothing' | 'questions' | 'answers' = 'nothing'
  /** Keys that were asked about, and those that were told of, in their order. */
  readonly asked = new Set<string>()
  readonly changed = new Set<string>()

  read(key: string, replica: string) {
    this.asked.add(key)
    return this.#ask(() => this.store.read(key, replica))
  }

  add(...question: Parameters<SharedSums['add']>) {
    this.changed.add(question[0])
    return this.#ask(() => this.store.add(...question))
  }

  seed(...question: Parameters<SharedSums['seed']>) {
    this.changed.add(question[0])
    return this.#ask(() => this.store.seed(...question))
  }

  async #ask(question: () => Promise<SharedSum>): Promise<SharedSum> {
    if (this.lose === 'questions') throw new Error('away')
    const answer = await question()
    if (this.lose === 'answers') throw new Error('away')
    return answer
  }
}
