/** `/admin/v1/prices`: listed, set from a moment on, and withdrawn before it has come. Nothing that has held is ever changed. */
import type { PriceAdministration } from '@atp/domain/pricing'
import { Type } from 'typebox'
import type { App } from '../../app.ts'
import { administratorOf } from '../../plugins/planes.ts'
import { NewPriceBody, PriceAnswer, priceAnswer } from '../../schemas/admin/price.ts'
import { momentOf, Time } from '../../schemas/admin/time.ts'
import { Problem } from '../../schemas/common.ts'

const PATH = '/admin/v1/prices'
const config = { plane: 'admin' } as const
const tags = ['admin']
const failures = { '4xx': Problem, '5xx': Problem }

export interface AdminPricesOptions {
  readonly prices: PriceAdministration
}

export async function adminPrices(app: App, { prices }: AdminPricesOptions): Promise<void> {
  app.get(
    PATH,
    {
      config,
      schema: {
        summary: 'What the models cost, cost before, and will cost',
        tags,
        querystring: Type.Object(
          {
            model: Type.Optional(Type.String({ maxLength: 301, description: 'An arm or a model’s name.' })),
            at: Type.Optional(
              Type.Unsafe<string>({ ...Time, description: 'RFC 3339: only what holds at that moment.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(PriceAnswer) }), ...failures },
      },
    },
    async ({ query: { model = null, at } }) => ({
      data: (await prices.list(model, momentOf(at))).map(priceAnswer),
    }),
  )

  app.post(
    PATH,
    {
      config,
      schema: {
        summary: 'Set a price from a moment on, on every replica within a second',
        tags,
        body: NewPriceBody,
        response: { 201: PriceAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { model, valid_from, input_usd_per_mtok, output_usd_per_mtok } = request.body
      const set = await prices.set(administratorOf(request), {
        model,
        validFrom: momentOf(valid_from),
        price: { inputUsdPerMtok: input_usd_per_mtok, outputUsdPerMtok: output_usd_per_mtok },
      })
      return reply.code(201).send(priceAnswer(set))
    },
  )

  app.delete(
    `${PATH}/:id`,
    {
      config,
      schema: {
        summary: 'Withdraw a price that does not hold yet',
        tags,
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null(), ...failures },
      },
    },
    async (request, reply) => {
      await prices.withdraw(administratorOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}
