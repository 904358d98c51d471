import { Random } from '../contract/random.js';

/** What happens to the owner, or to its backend, when the account is taken over from it. */
export type TakeOverFault =
  /** SIGSTOP in the middle of its writing, SIGCONT when the next one has written for a while. */
  | 'stopped'
  /** The same, and what it had sent before arrives later: when another one owns the account, as a rule. */
  | 'stopped-late'
  /** Nothing: it writes on. */
  | 'live'
  /** SIGKILL. */
  | 'killed'
  /** Its connections are reset once and again. */
  | 'network-cut'
  /** Its connections are reset, and it gets no new ones. */
  | 'network-refused'
  /** What it sends, or is sent, is lost. */
  | 'network-lost'
  /** What it is answered is lost, but not what it sends. */
  | 'answers-lost'
  /** What it sends, and is sent, arrives later. */
  | 'network-late'
  /** SIGKILL of the backend, and a start; the owner is stopped meanwhile, or not. */
  | 'backend-killed'
  /** SIGSTOP of the backend, and SIGCONT. */
  | 'backend-stopped';

/** One round: all that happens in it, by its seed. */
export interface RoundPlan {
  readonly fault: TakeOverFault;
  /** How long, in milliseconds, the owner writes before. */
  readonly before: number;
  /** How long the fault lasts before the account is taken over. */
  readonly during: number;
  /** By how much packets are late, where they are. */
  readonly lateMs: number;
  /** How long the new owner writes before the former one is let go. */
  readonly after: number;
  /** Whether the owner is stopped while the backend is away; where the backend goes away. */
  readonly stopsOwnerToo: boolean;
}

const WITHOUT_NETWORK: readonly [TakeOverFault, ...TakeOverFault[]] = ['live', 'live', 'killed'];
const WITH_NETWORK: readonly [TakeOverFault, ...TakeOverFault[]] = [
  'live',
  'live',
  'killed',
  'network-cut',
  'network-refused',
  'network-lost',
  'answers-lost',
  'network-late',
  'backend-killed',
  'backend-stopped',
];
/** Of ten rounds, those in which the owner is stopped. */
const STOPPED_OF_TEN = 6;

/** Draws a round. */
export function planRound(seed: number, hasNetwork: boolean): RoundPlan {
  const random = new Random(seed, 'take-over');
  const other = random.pick(hasNetwork ? WITH_NETWORK : WITHOUT_NETWORK);
  const stopped = hasNetwork && random.below(2) === 0 ? 'stopped-late' : 'stopped';
  const fault = random.below(10) < STOPPED_OF_TEN ? stopped : other;
  return {
    fault,
    before: 30 + random.below(150),
    during: random.below(60),
    lateMs: 60 + random.below(300),
    after: 30 + random.below(150),
    stopsOwnerToo: random.below(2) === 0 && fault.startsWith('backend-'),
  };
}

/** Whether the owner is stopped from before the take-over until it is let go. */
export function isOwnerStopped({ fault, stopsOwnerToo }: RoundPlan): boolean {
  return fault === 'stopped' || fault === 'stopped-late' || stopsOwnerToo;
}
