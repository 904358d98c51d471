import { setTimeout as delay } from 'node:timers/promises';
import type { AccountHead, CommitBatch, CommitOptions } from 'accountkeeper';
import { WrappedDriver } from '../support/saboteurs/wrapped-driver.js';
import { serveFleet } from './fleet-worker.js';

const WRITTEN_AFTER_MS = 300;

/** Acknowledges changes at once, and writes them later: who is killed has lost what was acknowledged last. */
class WritesLater extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { expected, meta = '', revisionFloor = 0, writeId, writerId } = options;
    // Whoever takes an account over is told the truth.
    if (batch.upserts.size === 0) return super.commit(accountId, batch, options);
    const write = delay(WRITTEN_AFTER_MS).then(() => super.commit(accountId, batch, options));
    write.catch(() => undefined);
    const revision = Math.max(expected?.revision ?? 0, revisionFloor) + 1;
    return { revision, writerId, writeId, meta, dropped: false };
  }
}

serveFleet((driver) => new WritesLater(driver));
