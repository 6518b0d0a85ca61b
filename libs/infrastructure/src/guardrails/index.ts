/** Guardrails behind the port of the domain: personal data, an operator's patterns, the size of prompts, and how answers are guarded. */
export { createAnswerGuard } from './guarded-answer.ts'
export { createPatternDetector, type PatternRule, type PatternsOptions } from './patterns.ts'
export { PII_KINDS, type PiiKind } from './pii/match.ts'
export { createPiiDetector, type PiiOptions } from './pii/pii-detector.ts'
