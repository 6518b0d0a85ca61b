/** What a prompt asks for, guessed from its words: simulated models are good at some kinds and poor at others. */

export const KINDS = ['code', 'maths', 'extraction', 'chat', 'summary'] as const
export type Kind = (typeof KINDS)[number]

export function kindOfPrompt(prompt: string): Kind {
  // What is asked for stands at the beginning or the end; what lies between is material.
  const ask = prompt.length <= 320 ? prompt : `${prompt.slice(0, 160)}\n${prompt.slice(-160)}`
  for (const [kind, pattern] of PATTERNS) if (pattern.test(ask)) return kind
  return 'chat'
}

/** In order: "summarise this function" is a summary, "extract the amounts" is no maths. */
const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  [
    'summary',
    /\b(summar|tl;?dr|condense|boil (this|it) down|key (points|takeaways)|the gist|one-line version)/i,
  ],
  ['extraction', /\b(extract|pull (out|every)|list (every|all)|as json|into json|fill in the fields)\b/i],
  [
    'code',
    /```|\b(function|python|typescript|javascript|rust|golang|bash|sql|regex|regular expression|dockerfile|docker|git|api|endpoint|unit tests?|compiler?|stack trace|refactor|linked list|css|html|react|postgres|kubernetes|async|null pointer|segfault|makefile|shell|struct|class|code)\b/i,
  ],
  [
    'maths',
    /\b(solve|integral|integrate|derivative|differentiate|probability|calculate|compute|percent(age)?|equation|prove|how (many|much|long|far|fast)|average|area|volume|matrix|determinant|prime|divisible|sum of|expected value|interest|remainder|factori[sz]e|simplify|convert|ratio|limit of)\b|\d\s*[-+*/^×÷]\s*\d/i,
  ],
]
