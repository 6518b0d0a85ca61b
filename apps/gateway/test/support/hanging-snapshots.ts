/** Preloaded into a gateway: the snapshot that a stop takes never comes to its end. */
import { SnapshotWriter } from '@atp/domain/observation'

SnapshotWriter.prototype.writeNow = () => new Promise(() => {})
