import type { AccountKeeperError } from '../../core/errors.js';
import type { FollowedAccount } from '../../core/follow/account-follower.js';
import { parseHeadMeta } from '../../core/ownership/head-meta.js';
import { timeOfId } from '../../core/shared/time-id.js';
import { differencesBetween, payloadOfRecord } from '../../operator/record-differences.js';
import type { Styler } from '../cli-io.js';

/** What is said of an account that is watched. Each method returns whole lines. */
export interface WatchReport {
  state(now: FollowedAccount, before: FollowedAccount | undefined): string;
  error(error: AccountKeeperError): string;
  recovered(): string;
}

/** A longer value is cut off in the lines for people. */
const LONGEST_VALUE = 100;

/** One JSON object a line, each with a `type`. The first `state` names all records as changed. */
export function jsonWatchReport(accountId: string): WatchReport {
  const line = (type: string, about: object): string => `${JSON.stringify({ type, accountId, ...about })}\n`;
  return {
    state: (now, before) => {
      const { head, records, corrupt, changed, removed } = now;
      const valueIn = (state: FollowedAccount | undefined, recordKey: string): unknown => {
        const text = state?.records.get(recordKey);
        return text === undefined ? undefined : payloadOfRecord(text);
      };
      return line('state', {
        revision: head?.revision ?? 0,
        writerId: head?.writerId,
        committedAt: committedAt(now),
        dropped: head?.dropped ?? false,
        records: records.size + corrupt.size,
        corrupt: corrupt.size === 0 ? undefined : [...corrupt.keys()],
        changed: changed.map((record) => ({ record, value: valueIn(now, record), before: valueIn(before, record) })),
        removed,
      });
    },
    error: ({ code, message }) => line('error', { code, message }),
    recovered: () => line('recovered', {}),
  };
}

/** Lines for people. The first state is told in one; later ones name each record, and where it has changed. */
export function readableWatchReport(accountId: string, style: Styler): WatchReport {
  const name = printable(accountId);
  return {
    state: (now, before) => {
      const { head, changed, removed } = now;
      const title = `${style('dim', committedAt(now) ?? '')} ${style('bold', name)} ${summaryOf(now)}`.trimStart();
      if (before === undefined) return `${title}\n`;
      const lines = [
        ...changed.map((recordKey) => changeLine(recordKey, now, before, style)),
        ...removed.map((recordKey) => `  ${style('red', '-')} ${printable(recordKey)}`),
      ];
      if (before.head !== undefined && head?.writerId !== before.head.writerId)
        lines.unshift(`  ${style('yellow', '!')} another writer: ${ownerOf(now)}`);
      return `${[title, ...lines].join('\n')}\n`;
    },
    error: ({ code, message }) => `${style('red', code)} ${printable(message)}\n`,
    recovered: () => `${style('green', 'recovered')}\n`,
  };
}

function summaryOf({ head, records, corrupt }: FollowedAccount): string {
  if (head === undefined) return 'was never written';
  if (head.dropped) {
    const { movedTo } = parseHeadMeta(head.meta);
    return `revision ${head.revision}, dropped${movedTo === undefined ? '' : `, moved to ${printable(movedTo)}`}`;
  }
  const damaged = corrupt.size === 0 ? '' : `, ${corrupt.size} corrupt`;
  return `revision ${head.revision}, ${records.size} records${damaged}`;
}

function changeLine(recordKey: string, now: FollowedAccount, before: FollowedAccount, style: Styler): string {
  const [text, former] = [now.records.get(recordKey), before.records.get(recordKey)];
  const key = printable(recordKey);
  if (text === undefined) return `  ${style('red', '!')} ${key} is corrupt`;
  if (former === undefined) return `  ${style('green', '+')} ${key} ${shown(payloadOfRecord(text))}`;
  const differences = differencesBetween(payloadOfRecord(former), payloadOfRecord(text));
  const parts = differences.map(
    ({ path, before: from, after }) => `${path === '' ? '' : `${printable(path)}: `}${shown(from)} → ${shown(after)}`,
  );
  return `  ${style('yellow', '~')} ${key} ${parts.join(', ') || 'written anew'}`;
}

function ownerOf({ head }: FollowedAccount): string {
  const owner = parseHeadMeta(head?.meta ?? '').owner;
  return owner === undefined
    ? printable(head?.writerId ?? 'nobody')
    : printable(`${owner.program} on ${owner.host}, process ${owner.pid}`);
}

function committedAt({ head }: FollowedAccount): string | undefined {
  const committedAtMs = head && timeOfId(head.writeId);
  return committedAtMs === undefined ? undefined : new Date(committedAtMs).toISOString();
}

function shown(value: unknown): string {
  if (value === undefined) return '(none)';
  const json = printable(JSON.stringify(value));
  return json.length <= LONGEST_VALUE ? json : `${json.slice(0, LONGEST_VALUE)}…`;
}

/** Without what moves a terminal's cursor or turns its text around. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
  });
}
