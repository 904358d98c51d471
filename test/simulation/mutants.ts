import type { DriverMutant } from './backend.js';

/** One edit of a source file: a text that is there once, and what takes its place. */
export interface SourceEdit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A mistake that somebody could make, and that the simulation has to find. */
export type Mutant = { readonly name: string; readonly description: string } & (
  | { readonly kind: 'driver'; readonly mutant: DriverMutant }
  | { readonly kind: 'source'; readonly edits: readonly SourceEdit[] }
);

const SCHEDULER = 'src/core/flush/flush-scheduler.ts';
const WRITER = 'src/core/flush/account-writer.ts';
const PERSISTENCE = 'src/core/store/account-persistence.ts';
const TAKE_OVER = 'src/core/restore/take-over.ts';

/** What a store, a scheduler or a driver can get wrong. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'compares-the-revision-alone',
    description: 'The backend compares the expected revision, and not who wrote it.',
    kind: 'driver',
    mutant: 'compares-the-revision-alone',
  },
  {
    name: 'new-bytes-under-a-pending-write-id',
    description: 'A commit of unknown outcome is repeated with the values of the moment.',
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
  {
    name: 'index-from-a-cached-copy',
    description: 'The driver writes the index of the records from a copy of its own.',
    kind: 'driver',
    mutant: 'index-from-a-cached-copy',
  },
  {
    name: 'unresolved-attempt-dropped-when-the-value-changed-back',
    description: 'A commit of unknown outcome is forgotten when memory is again as it was acknowledged before.',
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
    description: 'Restore takes the account over first, and decodes it then.',
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
  {
    name: 'loads-without-a-snapshot',
    description: 'The driver reads the records first and the head then.',
    kind: 'driver',
    mutant: 'loads-without-a-snapshot',
  },
  {
    name: 'changes-accepted-before-restore',
    description: 'The store takes changes before it was restored.',
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
    description: 'Restore claims the account first, and writes what was spilled in a commit of its own.',
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
    description: 'All spills of an account have the same name, and the last one takes the place of the others.',
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
    description: 'A writer goes on above the head of whoever took the account over.',
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
    description: 'A flush starts another commit while one is in flight.',
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
    description: 'A batch with a record that cannot be written is tried again as it is.',
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
