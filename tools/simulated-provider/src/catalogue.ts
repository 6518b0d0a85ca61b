/**
 * The simulated models. Each has a point: cheap and weak, dear and good, or good at some kinds of prompt only, so that
 * a router that learns has something to find, and one that also reads the prompt has more to find.
 */
import type { Kind } from './kind-of-prompt.ts'

export interface SimulatedModel {
  readonly name: string
  /** The upstream account that serves it: its path prefix, `/alpha/v1`. */
  readonly account: string
  readonly inputUsdPerMtok: number
  readonly outputUsdPerMtok: number
  /** Mean quality of its answers by kind of prompt: see `quality.ts` for the bounds. */
  readonly quality: Readonly<Record<Kind, number>>
  readonly timeToFirstTokenMs: number
  readonly tokensPerSecond: number
  /** Adds a paragraph to each answer. */
  readonly elaborates: boolean
  /** Figures of its embeddings; a model without them chats. */
  readonly dimensions?: number
}

export const CATALOGUE: readonly SimulatedModel[] = [
  {
    name: 'sim-nano',
    account: 'alpha',
    inputUsdPerMtok: 0.05,
    outputUsdPerMtok: 0.4,
    quality: { code: 0.35, maths: 0.3, extraction: 0.75, chat: 0.72, summary: 0.62 },
    timeToFirstTokenMs: 20,
    tokensPerSecond: 1500,
    elaborates: false,
  },
  {
    name: 'sim-mini',
    account: 'alpha',
    inputUsdPerMtok: 0.25,
    outputUsdPerMtok: 2,
    quality: { code: 0.84, maths: 0.8, extraction: 0.92, chat: 0.89, summary: 0.88 },
    timeToFirstTokenMs: 40,
    tokensPerSecond: 1000,
    elaborates: false,
  },
  {
    name: 'sim-large',
    account: 'alpha',
    inputUsdPerMtok: 2.5,
    outputUsdPerMtok: 15,
    quality: { code: 0.93, maths: 0.92, extraction: 0.95, chat: 0.94, summary: 0.94 },
    timeToFirstTokenMs: 120,
    tokensPerSecond: 500,
    elaborates: true,
  },
  {
    name: 'sim-coder',
    account: 'beta',
    inputUsdPerMtok: 0.6,
    outputUsdPerMtok: 3,
    quality: { code: 0.95, maths: 0.93, extraction: 0.6, chat: 0.3, summary: 0.4 },
    timeToFirstTokenMs: 60,
    tokensPerSecond: 800,
    elaborates: false,
  },
  {
    name: 'sim-chat',
    account: 'beta',
    inputUsdPerMtok: 0.3,
    outputUsdPerMtok: 1.2,
    quality: { code: 0.28, maths: 0.22, extraction: 0.55, chat: 0.95, summary: 0.93 },
    timeToFirstTokenMs: 50,
    tokensPerSecond: 900,
    elaborates: true,
  },
]

/** Embeds texts, and says nothing: the router has no use for it as a candidate. */
export const EMBEDDING_MODEL: SimulatedModel = {
  name: 'sim-embedding',
  account: 'alpha',
  inputUsdPerMtok: 0.02,
  outputUsdPerMtok: 0,
  quality: { code: 0, maths: 0, extraction: 0, chat: 0, summary: 0 },
  timeToFirstTokenMs: 10,
  tokensPerSecond: 1500,
  elaborates: false,
  dimensions: 256,
}
