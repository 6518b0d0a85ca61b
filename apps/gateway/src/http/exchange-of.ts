/** From a request to what enters the corridor. */
import type { Clock } from '@atp/core/clock'
import { type DecisionId, newId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { ChatBody } from '@atp/domain/adapter'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../corridor/authenticate.ts'
import type { Exchange } from '../corridor/exchange.ts'
import type { RoutingOptions } from '../corridor/routing-options.ts'
import { cancellationOf } from './cancellation.ts'
import { callerOf } from './plugins/planes.ts'

export class ExchangeFactory {
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  open<Body = ChatBody>(reply: FastifyReply, body: Body, options: RoutingOptions): Exchange<Body> {
    return this.of(callerOf(reply.request), body, options, cancellationOf(reply))
  }

  newId(): DecisionId {
    return newId(this.#clock, this.#random)
  }

  /** @param signal aborted when the client goes away, or wants no answer any more */
  of<Body = ChatBody>(
    caller: Caller,
    body: Body,
    options: RoutingOptions,
    signal: AbortSignal,
  ): Exchange<Body> {
    return {
      id: this.newId(),
      caller,
      tenant: caller.tenant.id,
      at: this.#clock.now(),
      body,
      options,
      signal,
    }
  }
}
