/** The composition root: the only file that knows both a port and its implementation. */
import { type AppContainer, bind, bindValue, createContainer, token } from '@atp/core/container'
import type { Config } from '@atp/core/config'
