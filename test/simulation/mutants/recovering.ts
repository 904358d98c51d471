import { edited, type Mutant } from './mutant.js';

const SCHEDULER = 'src/core/write-behind/flush-scheduler.ts';
const WRITER = 'src/core/write-behind/owner-sender.ts';
const ENCODER = 'src/core/write-behind/record-encoder.ts';
const SESSION = 'src/core/store/owned-session.ts';
const TAKE_OVER = 'src/core/restore/restore-attempt.ts';
const ROLLBACK = 'src/core/restore/rollback.ts';
const DECODED = 'let account = await decode(claim.parts);';

/** What can go wrong when an account is taken over, or when its backend comes back with less than it had. */
export const RECOVERY_MUTANTS: readonly Mutant[] = [
  edited(
    'claims-before-it-can-read',
    'Restore takes the account over first, and decodes it then.',
    TAKE_OVER,
    `    ${DECODED}
    const claimed = await this.#commitAll(claim, situation, async (batches) => {
      account = await decode(batches);
    });
`,
    `    const claimed = await this.#commitAll(claim, situation, async () => undefined);
    ${DECODED}
`,
  ),
  edited(
    'claims-first-when-contested',
    'When somebody was faster, restore claims the account before it has read it again.',
    TAKE_OVER,
    'const READING_ROUNDS = 3;',
    'const READING_ROUNDS = 1;',
  ),
  {
    name: 'spill-replayed-after-the-take-over-commit',
    description: 'Restore claims the account first, and writes what was spilled in a commit of its own.',
    kind: 'source',
    edits: [
      {
        file: TAKE_OVER,
        from: '      parts: batches,\n',
        to: '      parts: [{ upserts: new Map(), deletes: new Set() }],\n',
      },
      {
        file: TAKE_OVER,
        from: 'const isLast = part === batches.length || unfinished === undefined;',
        to: 'const isLast = part > 0 || unfinished === undefined;',
      },
      { file: TAKE_OVER, from: DECODED, to: DECODED.replace('claim.parts', 'replayedGroups(situation.plan.replay)') },
      {
        file: 'src/core/store/account-lifecycle.ts',
        from: "    this.#lifecycle = { phase: 'open', session };\n",
        to: `    this.#lifecycle = { phase: 'open', session };
    for (const { spill } of owned.plan.replay) {
      for (const { upserts, deletes } of [...spill.attempts.map(({ batch }) => batch), ...spill.newer]) {
        for (const recordKey of [...upserts.keys(), ...deletes]) session.scheduler.markPending(recordKey);
      }
    }
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
        file: 'src/core/local-files/spill-folder.ts',
        from: '.' + '$' + '{timeOf(spill)}.' + '$' + '{fileNamePart(spill.id)}',
        to: '.state',
      },
      {
        file: 'src/core/local-files/durable-file.ts',
        from: '    nameFile(unfinished, path);\n',
        to: '    renameSync(unfinished, path);\n',
      },
    ],
  },
  edited(
    'spill-omits-what-cannot-be-encoded',
    'A spill does not say which records could not be encoded.',
    SESSION,
    'unencodable: [...new Set([...records.failed, ...refused.failed])],',
    'unencodable: [],',
  ),
  edited(
    'persist-all-forgets-deletes',
    'What the older state holds, and memory does not, is left where it is.',
    ENCODER,
    'if (records.tableOf(recordKey) !== undefined) keys.add(recordKey);',
    '',
  ),
  edited(
    'persist-all-without-a-floor',
    'What is written above a rollback does not lie above what was lost.',
    WRITER,
    'return { batch, options: floor === undefined ? options : { ...options, revisionFloor: floor } };',
    'return { batch, options };',
  ),
  edited(
    'quarantined-bytes-not-rewritten',
    'What was in quarantine is not written again above a rollback.',
    ENCODER,
    'const keys = new Set([...records.keys(), ...quarantine.keys()]);',
    'const keys = new Set(records.keys());',
  ),
  edited(
    'superseded-attempt-leaves-the-rest',
    'When an earlier commit has landed after all, what was acknowledged since is not written again.',
    SCHEDULER,
    'if (result.stored !== undefined) this.rewrite({ stored: result.stored });',
    '',
  ),
  edited(
    'superseded-attempt-not-pending',
    'What an attempt was to write is forgotten when the attempt is void.',
    SCHEDULER,
    '        this.#giveUp(attempt);\n        if (result.stored',
    '        if (result.stored',
  ),
  edited(
    'persist-all-over-a-stranger',
    'A store that was cut off writes over somebody who went on from an older state, as long as that is not as far.',
    WRITER,
    'if (writer === stored.writerId) return this.#load(stored, limits);',
    'if (writer !== null) return this.#load(stored, limits);',
  ),
  edited(
    'claims-not-carried-on',
    'A commit forgets who had taken the account over.',
    SESSION,
    'unfinished: undefined, lease: this.#lease?.reference, ...more }',
    'unfinished: undefined, lease: this.#lease?.reference, claims: [], ...more }',
  ),
  edited(
    'lineage-not-compared',
    'A file of another backend counts as one of this.',
    ROLLBACK,
    'return lineage === undefined || lineage === meta.lineage || (head !== undefined && meta.lineage === undefined);',
    'return lineage !== null;',
  ),
  edited(
    'foreign-spills-are-touched',
    'Spill files of another backend are set aside.',
    ROLLBACK,
    'spills: local.spills.filter(({ spill }) => isOwn(spill)),',
    'spills: local.spills,',
  ),
  edited(
    'foreign-files-are-nobodys',
    'An account of another backend is taken over where all files are of the first.',
    ROLLBACK,
    '(isTold ? undefined : others[0])',
    'undefined',
  ),
  edited(
    'word-for-any-head',
    'What the operator said once is good for whatever is stored.',
    ROLLBACK,
    'return choice?.revision === revision && choice.writeId === writeId;',
    'return choice !== undefined && revision >= 0 && writeId !== undefined;',
  ),
  edited(
    'keeps-the-file-of-a-fenced-store',
    'The operator is given the file of a store that somebody had fenced.',
    ROLLBACK,
    '!spill.fenced && spill.base?.writeId === highest.writeId',
    'spill.base?.writeId === highest.writeId',
  ),
  edited(
    'keeps-any-file',
    'The operator is given a file although another one knows of more.',
    ROLLBACK,
    '!spill.fenced && spill.base?.writeId === highest.writeId',
    '!spill.fenced && (spill.base?.revision ?? 0) <= highest.revision',
  ),
  edited(
    'unfinished-not-marked',
    'Nothing says that more has to follow what persistAll has written so far.',
    SCHEDULER,
    'meta(isWhole ? undefined : { id: rewrite.id, part: rewrite.part + 1 })',
    'meta(isWhole || rewrite.part >= 0 ? undefined : { id: rewrite.id, part: rewrite.part + 1 })',
  ),
  edited(
    'unfinished-ignored',
    'A half of something is taken for an account.',
    ROLLBACK,
    'const isHalf = meta.unfinished !== undefined && continued === undefined;',
    'const isHalf = false;',
  ),
  edited(
    'process-forgets',
    'What a process saw acknowledged is forgotten when its store is closed.',
    'src/core/local-files/local-files.ts',
    'known.push(knownHead(seen.head, seen.lineage));',
    '',
  ),
];
