import { edited, type Mutant } from './mutant.js';

const SCHEDULER = 'src/core/write-behind/flush-scheduler.ts';
const WRITER = 'src/core/write-behind/owner-sender.ts';
const PENDING = 'src/core/write-behind/pending-set.ts';
const PERSISTENCE = 'src/core/store/account-lifecycle.ts';

/** What can go wrong while an owner writes. */
export const WRITING_MUTANTS: readonly Mutant[] = [
  edited(
    'new-bytes-under-a-pending-write-id',
    'A commit of unknown outcome is repeated with the values of the moment.',
    SCHEDULER,
    'if (mayHaveLanded) this.#attempt = { ...attempt, mayHaveLanded, timeoutMs: this.#timeoutMs };',
    `if (mayHaveLanded) {
      const upserts = new Map<string, string>();
      const deletes = new Set<string>();
      for (const key of attempt.entries.keys()) {
        const change = this.#parts.records.encode(key, this.#parts.records.valueOf(key));
        if ('error' in change) continue;
        if (change.text === undefined) deletes.add(key);
        else upserts.set(key, change.text);
      }
      const request = { ...attempt.request, batch: { upserts, deletes } };
      this.#attempt = { ...attempt, request, mayHaveLanded, timeoutMs: this.#timeoutMs };
    }`,
  ),
  {
    name: 'unresolved-attempt-dropped-when-the-value-changed-back',
    description: 'A commit of unknown outcome is forgotten when memory is again as it was acknowledged before.',
    kind: 'source',
    edits: [
      {
        file: SCHEDULER,
        from: '    this.#finishPart();\n    const durationMs',
        to: `    for (const entry of attempt.request.batch.upserts) this.lastAcknowledged.set(...entry);
    for (const recordKey of attempt.request.batch.deletes) this.lastAcknowledged.delete(recordKey);
    this.#finishPart();
    const durationMs`,
      },
      {
        file: SCHEDULER,
        from: '  #rewrite: Rewrite | undefined;\n',
        to: '  #rewrite: Rewrite | undefined;\n  readonly lastAcknowledged = new Map<string, string>();\n',
      },
      {
        file: SCHEDULER,
        from: '      this.#rewriteIfWanted();\n      building =',
        to: `      this.#rewriteIfWanted();
      if (this.#attempt !== undefined) {
        const keys = [...this.#attempt.entries.keys()];
        const { records } = this.#parts;
        const isBack = (key: string): boolean => {
          const change = records.encode(key, records.valueOf(key));
          return !('error' in change) && change.text === this.lastAcknowledged.get(key);
        };
        if (keys.every(isBack)) {
          const built = atOnce(this.#pending.take());
          const rest = [...built.entries].filter(([key]) => !keys.includes(key));
          this.#pending.putBack({ batch: built.batch, entries: new Map(rest) });
          this.#attempt = undefined;
        }
      }
      building =`,
      },
      {
        file: SCHEDULER,
        from: 'import { inTurns, type Steps }',
        to: 'import { atOnce, inTurns, type Steps }',
      },
    ],
  },
  edited(
    'changes-accepted-before-restore',
    'The store takes changes before it was restored.',
    PERSISTENCE,
    "if (this.#lifecycle.phase !== 'open' && this.#settings.persist.has(table)) throw this.#notOpen();",
    "if (!['open', 'unrestored', 'restoring'].includes(this.#lifecycle.phase) && this.#settings.persist.has(table)) throw this.#notOpen();",
  ),
  edited(
    'fenced-writer-that-retries',
    'A writer goes on above the head of whoever took the account over.',
    WRITER,
    'if (stored.writerId === writerId) return this.#superseded(stored, limits);',
    'if (stored.writerId !== undefined) return this.#superseded(stored, limits);',
  ),
  edited(
    'two-commits-in-flight',
    'A flush starts another commit while one is in flight.',
    SCHEDULER,
    "if (this.activity !== 'flushing' && this.#waiters.wantsAttempt) this.#startAttempt();\n    return settled;",
    'if (this.#waiters.wantsAttempt) this.#startAttempt();\n    return settled;',
  ),
  edited(
    'refused-record-that-blocks-the-rest',
    'A batch with a record that cannot be written is tried again as it is.',
    SCHEDULER,
    '        this.#refused(attempt, result.error);\n        this.#startAttempt();\n        return;',
    "        this.#failed(attempt, { kind: 'failed', error: result.error, mayHaveLanded: false });\n        return;",
  ),
  edited(
    'groups-are-cut',
    'Batches end between two records, whatever they were changed with.',
    PENDING,
    'isWhole ? [records] : singly(records)',
    'singly(records)',
  ),
  edited(
    'sealed-groups-use-the-newest-values',
    'A group that was sealed is written with the values of the moment.',
    PENDING,
    'record.change = this.#source.encode(recordKey, record.value);',
    'record.change = this.#source.encode(recordKey, this.#source.valueOf(recordKey));',
  ),
  edited(
    'commit-deadline-never-grows',
    'A batch that takes longer than a commit may is repeated with the same deadline for ever.',
    SCHEDULER,
    'this.#timeoutMs = Math.max(this.#timeoutMs, Math.min(2 * this.#timeoutMs, MAX_TIMEOUT_MS));',
    'this.#timeoutMs = Math.min(this.#timeoutMs, MAX_TIMEOUT_MS);',
  ),
  edited(
    'lease-under-a-new-id',
    'A lease that the backend has lost is renewed under another id than the heads name.',
    'src/core/ownership/process-lease.ts',
    "const isLost = code === 'ROLLED_BACK' || head === undefined;",
    "const isLost = code !== 'CONFLICT' && head !== undefined && this.#floor < 0;",
  ),
];
