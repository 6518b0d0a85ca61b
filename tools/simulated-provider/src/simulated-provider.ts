/**
 * Simulated upstream accounts behind one port, in OpenAI's wire format: `/alpha/v1` and `/beta/v1` each serve their own
 * models, `/v1` serves all. Every answer depends only on the seed, the model and the question; nothing here is intelligent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CATALOGUE, EMBEDDING_MODEL, type SimulatedModel } from './catalogue.ts'
import { serveChatCompletion } from './chat-completions.ts'
import { Control } from './control.ts'
import { serveControl } from './control-routes.ts'
import { serveEmbeddings } from './embeddings.ts'
import { type Endpoint, modelNotFound } from './endpoint.ts'
import type { Faults } from './faults.ts'
import { serveInstantly } from './instant.ts'
import { OpenAiError, sendError, sendJson } from './openai-error.ts'
import { serveResponse } from './responses.ts'
import { UpstreamModel } from './upstream-model.ts'

export interface SimulatedProviderOptions {
  /** Default 0: a free one. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 1. */
  readonly seed?: number
  /** Multiplies every latency; 0 answers at once. Default 1. */
  readonly timeScale?: number
  /** Where set, every request must bear it. */
  readonly apiKey?: string
  /** A fixed answer at once to everything: for load benchmarks. */
  readonly instant?: boolean
  readonly catalogue?: readonly SimulatedModel[]
  /** Faults from the start, by account and by model. */
  readonly accounts?: Readonly<Record<string, Faults>>
  readonly models?: Readonly<Record<string, Faults>>
  /** Milliseconds, monotone: what drift is timed by. */
  readonly now?: () => number
}

export interface SimulatedProvider {
  /** `http://127.0.0.1:PORT`; the accounts are at `${url}/alpha/v1` and `${url}/beta/v1`. */
  readonly url: string
  readonly control: Control
  /** Ends every connection, answered or not. */
  close(): Promise<void>
}

/**
 * @throws {TypeError} on faults that are not valid
 * @throws {RangeError} on faults of a model or account that does not exist
 */
export async function startSimulatedProvider(
  options: SimulatedProviderOptions = {},
): Promise<SimulatedProvider> {
  const { port = 0, host = '127.0.0.1', catalogue = [...CATALOGUE, EMBEDDING_MODEL] } = options
  const now = options.now ?? (() => performance.now())
  const upstreams = new Map(
    catalogue.map(model => [model.name, new UpstreamModel(model, options.seed ?? 1, now)]),
  )
  const control = new Control(upstreams)
  for (const [name, faults] of Object.entries(options.accounts ?? {})) control.setAccount(name, faults)
  for (const [name, faults] of Object.entries(options.models ?? {})) control.setModel(name, faults)

  const server = createServer(
    options.instant === true ? serveInstantly : dispatcher(options, upstreams, control),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, port: bound } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    control,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function dispatcher(
  options: SimulatedProviderOptions,
  upstreams: ReadonlyMap<string, UpstreamModel>,
  control: Control,
): (request: IncomingMessage, response: ServerResponse) => void {
  let answers = 0
  const endpoint = (account: string): Endpoint => ({
    seed: options.seed ?? 1,
    timeScale: options.timeScale ?? 1,
    find: name => {
      const upstream = upstreams.get(name)
      return account === '' || upstream?.model.account === account ? upstream : undefined
    },
    nextId: () => `chatcmpl-sim${++answers}`,
  })
  const endpoints = new Map(['', ...accountsOf(upstreams)].map(account => [account, endpoint(account)]))

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = '/'] = (request.url ?? '/').split('?')
    if (path === '/control' || path.startsWith('/control/'))
      return serveControl(control, path, request, response)
    const [, account = '', resource] = /^(?:\/([^/]+))?\/v1\/(.+)$/.exec(path) ?? []
    const addressed = endpoints.get(account)
    if (addressed === undefined || resource === undefined) throw noSuchAddress(request, path)
    requireKey(request, options.apiKey)
    if (request.method === 'POST' && resource === 'chat/completions') {
      return serveChatCompletion(addressed, request, response)
    }
    if (request.method === 'POST' && resource === 'embeddings') {
      return serveEmbeddings(addressed, request, response)
    }
    if (request.method === 'POST' && resource === 'responses') {
      return serveResponse(addressed, request, response)
    }
    if (request.method !== 'GET' || !/^models(\/|$)/.test(resource)) throw noSuchAddress(request, path)
    sendJson(response, 200, modelsOf(upstreams, addressed, resource))
  }

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendError(response, error instanceof OpenAiError ? error : new OpenAiError(500, String(error)))
    })
  }
}

function accountsOf(upstreams: ReadonlyMap<string, UpstreamModel>): Set<string> {
  return new Set([...upstreams.values()].map(({ model }) => model.account))
}

function modelsOf(
  upstreams: ReadonlyMap<string, UpstreamModel>,
  { find }: Endpoint,
  resource: string,
): object {
  const [, name] = resource.split('/')
  if (name === undefined) {
    const served = [...upstreams.values()].filter(({ model }) => find(model.name) !== undefined)
    return { object: 'list', data: served.map(modelObject) }
  }
  const upstream = find(decodeURIComponent(name))
  if (upstream === undefined) throw modelNotFound(name)
  return modelObject(upstream)
}

function modelObject({ model, price }: UpstreamModel): object {
  return {
    id: model.name,
    object: 'model',
    created: 1_767_225_600,
    owned_by: `simulated-${model.account}`,
    pricing: { input_usd_per_mtok: price.input, output_usd_per_mtok: price.output },
  }
}

function requireKey(request: IncomingMessage, apiKey: string | undefined): void {
  if (apiKey === undefined || request.headers.authorization === `Bearer ${apiKey}`) return
  throw new OpenAiError(401, 'Incorrect API key provided.', { code: 'invalid_api_key' })
}

function noSuchAddress(request: IncomingMessage, path: string): OpenAiError {
  return new OpenAiError(404, `Invalid URL (${request.method} ${path})`)
}
