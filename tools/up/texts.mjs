/** What `npm run up` says. */
import { join } from 'node:path'
import { ROOT } from '../dev/toolchain.mjs'

export const HELP = `npm run up [-- options]

Builds the gateway and runs it in the foreground, in front of simulated models, until Ctrl-C.

  --config FILE   run with this configuration, and without the simulated models (also: ATP_CONFIG)
  --verbose       show the output of every tool and all logs
  --help          this text

Every configuration key can be set by the environment: ATP_SERVER_PORT=8081 npm run up
`

/**
 * How to send the first request.
 * @param {string} url
 * @param {string | undefined} key of the tenant `dev`; undefined where nobody needs one
 */
export function firstSteps(url, key) {
  const bearer = key === undefined ? '' : ` -H 'authorization: Bearer ${key}'`
  return `
Ask it with curl:

  curl ${url}/v1/chat/completions${bearer} -H 'content-type: application/json' -d '{"model": "auto", "messages": [{"role": "user", "content": "What is a multi-armed bandit?"}]}'

From Node, with the openai client (npm install openai):

  import OpenAI from 'openai'
  const client = new OpenAI({ baseURL: '${url}/v1', apiKey: '${key ?? 'unused'}' })
  const answer = await client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] })
  console.log(answer.model, answer.choices[0].message.content)

From Python (pip install openai):

  from openai import OpenAI
  client = OpenAI(base_url="${url}/v1", api_key="${key ?? 'unused'}")
  answer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hello"}])
  print(answer.model, answer.choices[0].message.content)

`
}

/** The first admin key. @param {string} url @param {string} key */
export function adminHint(url, key) {
  return `The first admin key, shown this once; it makes tenants and keys:

  curl ${url}/admin/v1/tenants -H 'authorization: Bearer ${key}'

`
}

/** Where to watch the router learn. @param {string} url @param {string | undefined} keyFile */
export function demoHint(url, keyFile) {
  const options = [
    ...(url === 'http://127.0.0.1:8080' ? [] : ['--url', url]),
    ...(keyFile === undefined || keyFile === join(ROOT, 'data/dev-key') ? [] : ['--key-file', keyFile]),
  ]
  const given = options.length === 0 ? '' : ` -- ${options.join(' ')}`
  return `Watch it learn, in another terminal:  npm run demo${given}\nCtrl-C ends it.\n\n`
}
