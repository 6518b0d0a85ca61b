/** A steady load from many clients that keep their connections, until it is told to end: everything that went wrong is kept. */

export interface LoadOptions {
  readonly clients: number
  /** At least so many requests, however soon `until` comes true. */
  readonly requests: number
  /** Sends one request. @returns what is wrong with its answer; null where nothing is */
  readonly send: () => Promise<string | null>
  readonly until: Promise<unknown>
}

export interface LoadReport {
  readonly sent: number
  readonly failures: readonly string[]
}

export async function load({ clients, requests, send, until }: LoadOptions): Promise<LoadReport> {
  const failures: string[] = []
  let sent = 0
  let isOver = false
  const client = async (): Promise<void> => {
    while (!isOver || sent < requests) {
      sent += 1
      const failure = await send().catch((error: Error) => `${error.message}: ${String(error.cause)}`)
      if (failure !== null) failures.push(failure)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  await until.finally(() => {
    isOver = true
  })
  await all
  return { sent, failures }
}
