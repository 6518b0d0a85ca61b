/** Canned answers: plausible, short, and marked at the end as simulated, with the quality that the simulator gave them. */
import type { Kind } from './kind-of-prompt.ts'
import { pick } from './uniform.ts'

type Texts = readonly [string, ...string[]]

/** @param elaborate adds a paragraph, as a talkative model does */
export function answerText(
  kind: Kind,
  quality: number,
  elaborate: boolean,
  seed: number,
  prompt: string,
): string {
  const texts = quality >= 0.5 ? RIGHT[kind] : WRONG[kind]
  const paragraphs = [pick(texts, seed, 'text', prompt)]
  if (elaborate) paragraphs.push(pick(ELABORATIONS, seed, 'elaboration', prompt))
  return `${paragraphs.join('\n\n')}\n\n${qualityMarker(quality)}`
}

/** The line by which a demo or a test can judge the answer. */
export function qualityMarker(quality: number): string {
  return `[simulated answer; quality ${quality.toFixed(2)}]`
}

const RIGHT: Readonly<Record<Kind, Texts>> = {
  code: [
    'Here is a version that handles the empty case first and then walks the input once:\n\n```python\ndef solve(items):\n    seen = {}\n    for position, item in enumerate(items):\n        if item in seen:\n            return seen[item], position\n        seen[item] = position\n    return None\n```\n\nIt runs in linear time and needs no sorting.',
    'The fault is that the callback outlives the scope it reads from. Take the value before the first await, and pass it along:\n\n```ts\nconst current = this.value\nawait save(current)\nnotify(current)\n```\n\nWith that, two calls in flight no longer see each other’s state.',
    "Use one statement and let the database do the grouping:\n\n```sql\nselect customer_id, count(*) as orders, sum(total) as spent\nfrom orders\nwhere placed_at >= now() - interval '30 days'\ngroup by customer_id\nhaving count(*) > 3;\n```\n\nAn index on (placed_at, customer_id) keeps it quick.",
  ],
  maths: [
    'Write down what is known, then solve for the unknown.\n\nFrom the first condition x + y = 14, and from the second 3x - y = 10. Adding both gives 4x = 24, so x = 6 and y = 8.\n\nCheck: 6 + 8 = 14 and 18 - 8 = 10. The answer is 6 and 8.',
    'Count the outcomes. There are 36 equally likely rolls of two dice; six of them have the sum seven. The probability is therefore 6/36 = 1/6, about 16.7 %.',
    'Integrate by parts with u = x and dv = e^x dx. Then du = dx and v = e^x, so the integral is x e^x - e^x + C = (x - 1) e^x + C. Differentiating brings back x e^x, as it should.',
  ],
  extraction: [
    'Here is what the text says:\n\n- name: Marta Oliveira\n- company: Nordlicht Instruments\n- date: 14 March 2026\n- amount: 1,280.00 EUR\n- reference: NL-20418\n\nNo telephone number is given.',
    '| field | value |\n| --- | --- |\n| order | 77-3120 |\n| items | 3 |\n| delivery | Tuesday, 9 to 12 |\n| contact | warehouse@example.com |\n\nEvery value stands in the text as it is; nothing was inferred.',
    'I found four entries: Lisbon (Monday), Porto (Tuesday), Braga (Thursday) and Faro (Friday). Wednesday is mentioned only as a day off, so it is not in the list.',
  ],
  chat: [
    'That sounds like a good plan. I would start with the part you enjoy most, give it two weeks, and only then decide whether to buy anything. If it still feels like fun on a rainy Tuesday, you have your answer.',
    'Congratulations! A short, warm note is usually best: say what you liked about working together, wish them well, and offer one concrete way to stay in touch. Three or four sentences are plenty.',
    'Both are lovely in the spring. If you like walking and old streets, take the first; if you would rather sit by the water with a book, take the second. Either way, book the train early and leave one day without plans.',
  ],
  summary: [
    'In short: the project met its main goal two weeks late, mostly because a supplier changed its delivery dates. Costs stayed inside the budget. The team suggests a second supplier and a shorter test phase next time.',
    'Main points:\n\n1. Demand grew by about a fifth, most of it from new customers.\n2. Support could not keep up, and answers took twice as long.\n3. Two people join in May; until then, the weekend rota is paused.',
    'The author argues that small, regular changes beat rare, large ones: they are easier to check, easier to undo, and teach more. The price is discipline, since nobody may leave the work half done overnight.',
  ],
}

const WRONG: Readonly<Record<Kind, Texts>> = {
  code: [
    'You could try something along these lines:\n\n```python\ndef solve(items):\n    return sorted(items)[0]\n```\n\nThis should work in most cases, though I have not looked at the details of your input.',
    'This is probably a problem with your version. Please reinstall the dependencies, clear the cache and try again; that often helps.',
  ],
  maths: [
    'The numbers in the question are 12 and 5, so the answer is 12 + 5 = 17. There may be other conditions, but this is the most likely result.',
    'This is a well-known problem. Applying the usual formula, we find that the result is approximately 3.2, up to rounding.',
  ],
  extraction: [
    'The text contains several names, dates and amounts. The most important one seems to be the date, which is some time in spring.',
    '- name: John Smith\n- date: 1 January 2024\n- amount: 100\n\nSome of these values may need to be checked.',
  ],
  chat: [
    'There are many opinions about this, and it depends on a number of factors. It is important to weigh the advantages and the disadvantages.',
    'I am not sure what you mean. Could you give me more details, so that I can give you a better answer?',
  ],
  summary: [
    'The text is about a project and what happened in it. It mentions several people and a number of events, some of which were important.',
    'This is an interesting text. It begins with an introduction, continues with the main part, and ends with a conclusion.',
  ],
}

const ELABORATIONS: Texts = [
  'One thing to watch: this rests on the assumptions in your message. Should one of them change, for instance the size of the input or the time you have, the second-best option becomes the better one, and I would look at it again before committing.',
  'For completeness, I also considered the obvious alternative. It would give the same result here, but it takes more steps, is harder to check by hand, and leaves less room for later changes, which is why I would not choose it first.',
  'If this is for something that matters, try it on a small example first and compare with what you expect. Two minutes of checking at the start usually save an afternoon later on, and they show whether I have read your question correctly.',
]
