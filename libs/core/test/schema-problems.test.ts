import { Ajv } from 'ajv'
import { type TSchema, Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { schemaProblems } from '../src/schema-problems.ts'

function problems(schema: TSchema, value: unknown) {
  const check = new Ajv({ allErrors: true, verbose: true }).compile(schema)
  return check(value) ? [] : schemaProblems(check.errors ?? [])
}

const closed = { additionalProperties: false } as const
const Quality = Type.Union([
  Type.Enum(['fast', 'high']),
  Type.Object({ quality: Type.Number(), cost: Type.Number({ minimum: 0 }) }, closed),
])

describe('schema problems', () => {
  it.each<[string, TSchema, unknown, string, string]>([
    ['a string', Type.String(), 3, '3', 'a string'],
    ['an empty string', Type.String({ minLength: 1 }), '', '""', 'a string of at least 1 character'],
    [
      'a long string',
      Type.String({ minLength: 1, maxLength: 3 }),
      'four',
      '"four"',
      'a string of 1 to 3 characters',
    ],
    ['a pattern', Type.String({ pattern: '^a$' }), 'b', '"b"', 'a string that matches ^a$'],
    [
      'a pattern with examples',
      Type.String({ pattern: '^\\d+s$', examples: ['5s'] }),
      'b',
      '"b"',
      'a string such as 5s',
    ],
    ['a bounded integer', Type.Integer({ minimum: 0, maximum: 9 }), 10, '10', 'an integer from 0 to 9'],
    ['an integer', Type.Integer(), 1.5, '1.5', 'an integer'],
    ['a minimum', Type.Number({ minimum: 0 }), -1, '-1', 'a number of at least 0'],
    [
      'an open range',
      Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
      0,
      '0',
      'a number greater than 0 and of at most 1',
    ],
    ['a boolean', Type.Boolean(), 'yes', '"yes"', 'true or false'],
    ['an enum', Type.Enum(['a', 'b']), 'c', '"c"', 'one of a, b'],
    ['a literal', Type.Literal(true), false, 'false', 'true'],
    ['a list', Type.Array(Type.String(), { minItems: 1 }), [], 'a list of 0', 'a list of at least 1 item'],
    [
      'a set',
      Type.Array(Type.String(), { uniqueItems: true }),
      ['a', 'a'],
      'a list of 2',
      'a list without repetitions',
    ],
    ['an object', Type.Object({}), [], 'a list of 0', 'an object'],
    ['null', Type.Null(), {}, 'an object', 'null'],
    ['a union', Type.Union([Type.String(), Type.Integer()]), null, 'null', 'a string, or an integer'],
  ])('says what is wrong with %s', (_, schema, value, found, allowed) => {
    expect(problems(Type.Object({ key: schema }), { key: value })).toEqual([{ field: 'key', found, allowed }])
  })

  it('names the place inside lists and objects', () => {
    const schema = Type.Object({ a: Type.Array(Type.Object({ b: Type.Object({ c: Type.Integer() }) })) })
    expect(problems(schema, { a: [{ b: { c: 1 } }, { b: { c: 'x' } }] })).toMatchObject([
      { field: 'a[1].b.c' },
    ])
  })

  it('names the whole value where that is the problem', () => {
    expect(problems(Type.Object({}), 'text')).toEqual([
      { field: 'body', found: '"text"', allowed: 'an object' },
    ])
  })

  it('names a missing key and what it should be', () => {
    expect(problems(Type.Object({ n: Type.Integer({ minimum: 1 }) }), {})).toEqual([
      { field: 'n', found: 'nothing', allowed: 'an integer of at least 1' },
    ])
  })

  it('names an unknown key, without its value, the known ones, and the one that was meant', () => {
    const schema = Type.Object({ s: Type.Object({ port: Type.Integer(), host: Type.String() }, closed) })
    expect(problems(schema, { s: { port: 1, host: 'h', hosst: 'hidden' } })).toEqual([
      { field: 's.hosst', found: 'an unknown key', allowed: 'one of port, host (did you mean host?)' },
    ])
    expect(problems(schema, { s: { port: 1, host: 'h', elephant: 1 } })[0]?.allowed).toBe('one of port, host')
  })

  it('says which keys a map may have', () => {
    const schema = Type.Record(Type.String({ pattern: '^[a-z]+$' }), Type.String(), closed)
    expect(problems(schema, { A1: 'x' })).toEqual([
      { field: 'A1', found: 'an unknown key', allowed: 'keys that match ^[a-z]+$' },
    ])
  })

  it('reports a union as one problem where no branch fits', () => {
    expect(problems(Type.Object({ quality: Quality }), { quality: 'best' })).toEqual([
      { field: 'quality', found: '"best"', allowed: 'one of fast, high, or an object' },
    ])
  })

  it('reports what is wrong inside the one branch that fits', () => {
    expect(
      problems(Type.Object({ quality: Quality }), { quality: { quality: 1, cost: -1, extra: 1 } }),
    ).toEqual([
      { field: 'quality.extra', found: 'an unknown key', allowed: 'one of quality, cost' },
      { field: 'quality.cost', found: '-1', allowed: 'a number of at least 0' },
    ])
  })

  it('reports every field, each once', () => {
    const schema = Type.Object({
      a: Type.String({ pattern: '^x', maxLength: 2, examples: ['x'] }),
      b: Type.Integer(),
    })
    expect(problems(schema, { a: 'long', b: 'x' }).map(({ field }) => field)).toEqual(['a', 'b'])
  })

  it('never shows a secret', () => {
    const schema = Type.Object({
      password: Type.Integer(),
      url: Type.String({ pattern: '^https', writeOnly: true }),
      base: Type.Integer(),
      header: Type.Integer(),
    })
    const found = problems(schema, {
      password: 'hidden-value',
      url: 'hidden-value',
      base: 'http://user:hidden-value@host',
      header: 'Bearer hidden-value',
    })
    expect(found).toHaveLength(4)
    expect(JSON.stringify(found)).not.toContain('hidden-value')
  })

  it('shortens a long value', () => {
    const [problem] = problems(Type.Object({ n: Type.Integer() }), { n: 'x'.repeat(1_000_000) })
    expect(problem?.found.length).toBeLessThan(120)
    expect(problem?.found).toContain('1000002 characters')
  })
})
