/** A database that nobody else uses, made in a server that is already there. */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** @returns the URL of a new, empty database in the server at `serverUrl` */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `atp_test_${randomBytes(8).toString('hex')}`
  await execute(serverUrl, `create database ${name} template template0`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

export async function dropDatabase(serverUrl: string, databaseUrl: string): Promise<void> {
  await execute(serverUrl, `drop database if exists ${new URL(databaseUrl).pathname.slice(1)} with (force)`)
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
