import type { AccountView } from './harness/protocol.js';
import { advance, changesOf, type State, shows } from './harness/workload.js';
import type { FencedReport } from './take-over-worker.js';

/** What can be wrong. */
export type FindingKind =
  /** Something acknowledged is missing. */
  | 'lost'
  /** The records are not those of one step. */
  | 'torn'
  /** Somebody wrote who did not own the account any more. */
  | 'fenced-write'
  /** Anything else. */
  | 'other';

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  readonly what: string;
}

interface Ownership {
  readonly by: string;
  /** The step that it found. */
  readonly from: number;
  readonly symbols: State;
}

/**
 * What is known of an account: who owned it from which step on. What a step changes is known beforehand, so that each
 * state that is seen can be compared with the one state that it must be, and each record with the one who may have
 * written it.
 */
export class KnownHistory {
  readonly findings: Finding[] = [];
  readonly #ownerships: Ownership[] = [];
  readonly #symbols = new Map<string, number>();
  #step = 0;
  #revision = 0;

  /** The newest step that was seen in the backend. */
  get step(): number {
    return this.#step;
  }

  /** An owner has found this; from here on no other one may write. */
  owned(by: string, revision: number, view: AccountView): void {
    const from = this.#seen(`what ${by} restored`, view);
    this.#sawRevision(`the take-over by ${by}`, revision);
    this.#ownerships.push({ by, from, symbols: new Map(this.#symbols) });
    // Only now: the former owner's last step is known by what the new one found.
    this.#checkAuthors(`what ${by} restored`, view);
  }

  /** This was read from the backend while the last owner owned it. */
  read(head: { readonly revision: number; readonly writerId: string }, view: AccountView): void {
    const owner = this.#ownerships.at(-1)?.by ?? '';
    if (!isOf(owner, head.writerId)) {
      this.#find('fenced-write', `the head is written by ${head.writerId}, although ${owner} owns the account`);
    }
    this.#sawRevision('the head', head.revision);
    this.#seen('what is stored', view);
    this.#checkAuthors('what is stored', view);
  }

  /** The former owner's acknowledgements are complete now. Returns how many of its own steps were acknowledged. */
  acknowledged(by: string, step: number): number {
    const { before, after } = this.#around(by);
    const lost = Math.max(0, step - after.from);
    if (lost > 0) this.#find('lost', `${by} had step ${step} acknowledged, ${after.by} restored step ${after.from}`);
    return Math.max(0, step - before.from);
  }

  /** How many of the steps up to this one are the owner's own. */
  ownSteps(by: string, step: number): number {
    const from = this.#ownerships.findLast((ownership) => ownership.by === by)?.from ?? step;
    return Math.max(0, step - from);
  }

  /** What the former owner said when it was fenced. */
  fenced(by: string, acknowledged: number, report: FencedReport): void {
    const { after } = this.#around(by);
    const expect = (right: boolean, what: string): void => {
      if (!right) this.#find('other', `${by}, fenced: ${what}`);
    };
    const { byWriterId, lastStep, ownership, refusals, state, view } = report;
    expect(isOf(after.by, byWriterId ?? ''), `the event names ${byWriterId}, but ${after.by} took over`);
    expect(state === 'fenced' && ownership === 'fenced', `the status is ${state}, the ownership ${ownership}`);
    expect(
      refusals.every((code) => code === 'FENCED'),
      `changes were answered with ${refusals.join()}`,
    );
    const inMemory = advanced(after, lastStep);
    expect(shows(view, inMemory) && view.last?.step === lastStep, `what it reads is not step ${lastStep}`);
    expect(lastStep >= after.from, `it made ${lastStep} steps, but ${after.from} are stored`);
    this.#checkUnacknowledged(by, acknowledged, after, inMemory, report, expect);
  }

  #checkUnacknowledged(
    by: string,
    acknowledged: number,
    after: Ownership,
    inMemory: State,
    { lastStep, outcome, unacknowledged }: FencedReport,
    expect: (right: boolean, what: string) => void,
  ): void {
    // Whatever differs from what is stored must be handed out; when nothing may have landed, nothing older than that.
    const since = outcome === 'not-applied' ? after.from : Math.min(acknowledged, after.from);
    const allowed = keysChanged(since, lastStep);
    const handedOut = new Map(unacknowledged);
    for (const key of keysChanged(after.from, lastStep)) {
      const symbol = key.slice('metadata/'.length);
      const differs = key === 'account/metadata' || inMemory.get(symbol) !== after.symbols.get(symbol);
      expect(!differs || handedOut.has(key), `${key} is not stored and was not handed out (${outcome})`);
    }
    for (const [key, value] of handedOut) {
      expect(allowed.has(key), `${key} was handed out, but acknowledged (${outcome})`);
      const step = key === 'account/metadata' ? lastStep : inMemory.get(key.slice('metadata/'.length));
      const right = value === null ? step === undefined : value.step === step && (value.by === by || step <= since);
      expect(right, `${key} was handed out as ${JSON.stringify(value)}, but is of step ${step}`);
    }
  }

  /** Checks that it is the state of one step, no older than what was seen before. */
  #seen(what: string, view: AccountView): number {
    const step = view.last?.step ?? 0;
    if (step < this.#step) {
      this.#find('lost', `${what} is step ${step}, but step ${this.#step} was seen in the backend before`);
      return step;
    }
    advance(this.#symbols, this.#step, step);
    this.#step = step;
    if (!shows(view, this.#symbols)) this.#find('torn', `${what} is not the state of step ${step}`);
    return step;
  }

  #checkAuthors(what: string, { last, symbols }: AccountView): void {
    const entries = [...symbols, ...(last === undefined ? [] : [['the account', last] as const])];
    for (const [name, { by, step }] of entries) {
      const right = this.#authorOf(step);
      if (right !== by) this.#find('fenced-write', `${what}: ${name} of step ${step} is by ${by}, not by ${right}`);
    }
  }

  /** The one owner who may have stored this step. */
  #authorOf(step: number): string | undefined {
    return this.#ownerships.findLast(({ from }) => from < step)?.by;
  }

  #around(by: string): { readonly before: Ownership; readonly after: Ownership } {
    const index = this.#ownerships.findIndex((ownership) => ownership.by === by);
    const before = this.#ownerships[index];
    const after = this.#ownerships[index + 1];
    if (before === undefined || after === undefined) throw new Error(`nobody took the account over from ${by}`);
    return { before, after };
  }

  #sawRevision(what: string, revision: number): void {
    if (revision < this.#revision) {
      this.#find('lost', `${what} has revision ${revision}, after ${this.#revision} was seen`);
    }
    this.#revision = Math.max(this.#revision, revision);
  }

  #find(kind: FindingKind, what: string): void {
    this.findings.push({ kind, what });
  }
}

/** Writer ids begin with the name of the ownership. */
function isOf(by: string, writerId: string): boolean {
  return writerId.startsWith(`${by}:`);
}

function advanced({ from, symbols }: Ownership, to: number): State {
  const state = new Map(symbols);
  advance(state, from, to);
  return state;
}

function keysChanged(after: number, to: number): ReadonlySet<string> {
  const keys = new Set<string>();
  for (let step = after + 1; step <= to; step += 1) {
    keys.add('account/metadata');
    for (const { symbol } of changesOf(step)) keys.add(`metadata/${symbol}`);
  }
  return keys;
}
