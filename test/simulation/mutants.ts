import type { DriverMutant } from './backend.js';

/** One edit of a source file: a text that is there once, and what takes its place. */
export interface SourceEdit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A mistake that somebody could make, and that the simulation has to find. */
export type Mutant = { readonly name: string } & (
  | { readonly kind: 'driver'; readonly mutant: DriverMutant }
  | { readonly kind: 'source'; readonly edits: readonly SourceEdit[] }
);

const SCHEDULER = 'src/core/flush/flush-scheduler.ts';
const WRITER = 'src/core/flush/account-writer.ts';
const PERSISTENCE = 'src/core/store/account-persistence.ts';
const TAKE_OVER = 'src/core/restore/take-over.ts';

/** What a store, a scheduler or a driver can get wrong. */
export const MUTANTS: readonly Mutant[] = [
  { name: 'compares-the-revision-alone', kind: 'driver', mutant: 'compares-the-revision-alone' },
  {
    name: 'new-bytes-under-a-pending-write-id',
    kind: 'source',
    edits: [
      {
        file: SCHEDULER,
        from: 'if (mayHaveLanded) this.#attempt = { ...attempt, mayHaveLanded };',
        to: `if (mayHaveLanded) {
      const { batch } = this.#parts.encoder.encode(attempt.entries.keys());
      this.#attempt = { ...attempt, request: { ...attempt.request, batch }, mayHaveLanded };
    }`,
      },
    ],
  },
  { name: 'index-from-a-cached-copy', kind: 'driver', mutant: 'index-from-a-cached-copy' },
  {
    name: 'unresolved-attempt-dropped-when-the-value-changed-back',
    kind: 'source',
    edits: [
      {
        file: SCHEDULER,
        from: '    encoder.acknowledged(attempt.request.batch);\n',
        to: `    encoder.acknowledged(attempt.request.batch);
    for (const entry of attempt.request.batch.upserts) this.lastAcknowledged.set(...entry);
    for (const recordKey of attempt.request.batch.deletes) this.lastAcknowledged.delete(recordKey);
`,
      },
      {
        file: SCHEDULER,
        from: '  #rebaseWanted = false;\n\n',
        to: '  #rebaseWanted = false;\n  readonly lastAcknowledged = new Map<string, string>();\n\n',
      },
      {
        file: SCHEDULER,
        from: '    this.#rebaseIfWanted();\n',
        to: `    this.#rebaseIfWanted();
    if (this.#attempt !== undefined) {
      const keys = [...this.#attempt.entries.keys()];
      const { batch: { upserts }, failures } = this.#parts.encoder.encode(keys);
      if ([...failures].length === 0 && keys.every((key) => upserts.get(key) === this.lastAcknowledged.get(key))) {
        const rest = this.#pending.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        for (const key of keys) rest.delete(key);
        this.#pending.putBack(rest);
        this.#attempt = undefined;
      }
    }
`,
      },
    ],
  },
  {
    name: 'claims-before-it-can-read',
    kind: 'source',
    edits: [
      {
        file: TAKE_OVER,
        from: 'const account = await deadline.bound(() => readAll(parts, replayedOn(stored, planFor(stored?.head, local.spills))));',
        to: 'const unread = replayedOn(stored, planFor(stored?.head, local.spills));',
      },
      {
        file: TAKE_OVER,
        from: 'if (!claimed.contested) return { head: claimed.head, account, plan };',
        to: 'if (!claimed.contested) return { head: claimed.head, account: await readAll(parts, unread), plan };',
      },
    ],
  },
  { name: 'loads-without-a-snapshot', kind: 'driver', mutant: 'loads-without-a-snapshot' },
  {
    name: 'changes-accepted-before-restore',
    kind: 'source',
    edits: [
      {
        file: PERSISTENCE,
        from: "if (this.#lifecycle.phase !== 'open' && this.#parts.persisted.has(table)) throw this.#notOpen();",
        to: "if (!['open', 'unrestored', 'restoring'].includes(this.#lifecycle.phase) && this.#parts.persisted.has(table)) throw this.#notOpen();",
      },
    ],
  },
  {
    name: 'spill-replayed-after-the-take-over-commit',
    kind: 'source',
    edits: [
      {
        file: TAKE_OVER,
        from: '    batch: mergedBatch(plan.replay),\n',
        to: '    batch: { upserts: new Map(), deletes: new Set() },\n',
      },
      {
        file: PERSISTENCE,
        from: '    this.#open(this.#ownedWriter(head, run), quarantine, run, unreserve);\n',
        to: `    const session = this.#open(this.#ownedWriter(head, run), quarantine, run, unreserve);
    const { upserts, deletes } = mergedBatch(plan.replay);
    for (const recordKey of [...upserts.keys(), ...deletes]) session.changed(recordKey);
`,
      },
    ],
  },
  {
    name: 'spill-file-overwritten',
    kind: 'source',
    edits: [
      {
        file: 'src/core/spill/spill-folder.ts',
        from: '.' + '$' + '{timeOf(spill)}.' + '$' + '{safe(spill.id)}',
        to: '.state',
      },
      {
        file: 'src/core/spill/durable-file.ts',
        from: '    nameFile(unfinished, path);\n',
        to: '    renameSync(unfinished, path);\n',
      },
    ],
  },
  {
    name: 'fenced-writer-that-retries',
    kind: 'source',
    edits: [
      {
        file: WRITER,
        from: 'if (stored.writerId === acknowledged.writerId) {',
        to: 'if (stored.writerId !== undefined) {',
      },
    ],
  },
  {
    name: 'two-commits-in-flight',
    kind: 'source',
    edits: [
      {
        file: SCHEDULER,
        from: 'if (!this.#isFlushing() && this.#waiters.wantsAttempt) this.#startAttempt();\n    return flushed;',
        to: 'if (this.#waiters.wantsAttempt) this.#startAttempt();\n    return flushed;',
      },
    ],
  },
  {
    name: 'refused-record-that-blocks-the-rest',
    kind: 'source',
    edits: [
      {
        file: SCHEDULER,
        from: '        this.#narrow(attempt, result.error);\n        this.#startAttempt();\n        return;',
        to: "        this.#failed(attempt, { kind: 'failed', error: result.error, mayHaveLanded: false });\n        return;",
      },
    ],
  },
];
