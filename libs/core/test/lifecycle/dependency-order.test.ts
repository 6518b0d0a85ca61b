import { describe, expect, it } from 'vitest'
import { chainLengths, dependencyOrder } from '../../src/lifecycle/dependency-order.ts'

const component = (name: string, ...needs: string[]) => ({ name, needs })
const namesOf = (components: readonly { name: string }[]) => components.map(({ name }) => name)

describe('the order of components', () => {
  it('puts each after what it needs, and leaves the rest as it was', () => {
    const order = dependencyOrder([
      component('http', 'limits', 'tenants'),
      component('tenants', 'database'),
      component('redis'),
      component('limits', 'redis', 'database'),
      component('database'),
    ])
    expect(namesOf(order)).toEqual(['redis', 'database', 'limits', 'tenants', 'http'])
  })

  it('takes components that need nothing as they come', () => {
    expect(namesOf(dependencyOrder([{ name: 'b' }, { name: 'a' }]))).toEqual(['b', 'a'])
  })

  it('refuses a name that nobody has, naming who needs it and whom there is', () => {
    expect(() => dependencyOrder([component('http', 'databse'), component('database')])).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: 'http.needs: found databse, allowed database',
      }),
    )
  })

  it.each([
    ['itself', [component('a', 'a')], 'a.needs: found a -> a'],
    [
      'one that needs it',
      [component('a', 'b'), component('b', 'c'), component('c', 'b')],
      'b.needs: found b -> c -> b',
    ],
  ])('refuses a component that needs %s, naming the way round', (_what, components, message) => {
    expect(() => dependencyOrder(components)).toThrow(message)
  })

  it('refuses two of one name', () => {
    expect(() => dependencyOrder([component('a'), component('a')])).toThrow(
      'components[1].name: found a, a second time',
    )
  })

  it('counts how many stop one after the other', () => {
    const order = dependencyOrder([component('c', 'b', 'a'), component('b', 'a'), component('a')])
    expect(Object.fromEntries(chainLengths(order))).toEqual({ a: 1, b: 2, c: 3 })
  })
})
