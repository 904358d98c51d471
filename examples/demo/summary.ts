import type { MessageOutcome } from 'accountkeeper/bybit';
import { type AccountDemo, acknowledgementsOf, type Kill } from './account-demo.js';
import { type Comparison, cursorOf } from './comparison.js';
import type { MetadataRecords } from './metadata-records.js';

const INDENT = '  ';

/** The events of one account, in order, and its losses. */
export function summaryOf(demo: AccountDemo, source: string): string {
  const { session, kill, lastRun, end } = demo;
  const total = session.messages.length;
  const acknowledgements = acknowledgementsOf(lastRun).length;
  const rest = total - (kill === undefined ? 0 : cursorOf(kill.cameBack));
  const lines = [
    `${session.exchange.title}: ${counted(total, 'message')} of ${source}`,
    '',
    ...(kill === undefined ? [row('no kill', 'one message has no middle')] : killRows(kill, demo.reference.outcomes)),
    row('replayed', `${counted(rest, 'message')} to the end, ${counted(acknowledgements, 'acknowledgement')}; closed`),
    ...resyncRows(demo.reference.outcomes, total - rest, total),
    row('reopened', verdict(end)),
    '',
    row('messages', messageCounts(demo.reference.outcomes)),
    ...unknownRows(demo.reference.outcomes),
    row('acknowledged', `${counted(end.acknowledged, 'change')} of metadata`),
    row('restored', String(restoredOf(demo))),
    row('lost', String(end.acknowledged - restoredOf(demo))),
    ...(kill === undefined ? [] : exampleRows(kill.cameBack)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether every acknowledged change came back, and every message was understood. */
export function isFlawless(demo: AccountDemo): boolean {
  const comparisons = [demo.end, ...(demo.kill === undefined ? [] : [demo.kill.comparison])];
  const isKept = comparisons.every(({ lostRecords, consistent }) => lostRecords.length === 0 && consistent);
  return isKept && demo.reference.outcomes.every(({ kind }) => kind !== 'unknown');
}

/** Of the changes acknowledged in all, those that were there whenever it was looked. */
export function restoredOf({ end, kill }: AccountDemo): number {
  const lostToKill = kill === undefined ? 0 : kill.comparison.acknowledged - kill.comparison.restored;
  return Math.min(end.restored, end.acknowledged - lostToKill);
}

function killRows({ run, cameBack, comparison }: Kill, outcomes: readonly MessageOutcome[]): string[] {
  const acknowledgements = acknowledgementsOf(run);
  const acknowledged = acknowledgements.at(-1)?.cursor ?? 0;
  const holding = run.reports.find((report) => report.type === 'holding');
  const pending = `${counted((holding?.cursor ?? 0) - acknowledged, 'message')} later`;
  return [
    row('replayed', `${counted(acknowledged, 'message')}, ${counted(acknowledgements.length, 'acknowledgement')}`),
    ...resyncRows(outcomes, 0, cursorOf(cameBack)),
    row('SIGKILL', `${pending}, with ${counted(holding?.pendingRecords ?? 0, 'record')} not acknowledged yet`),
    row('restored', `${counted(Object.keys(cameBack).length, 'record')} of metadata, at message ${cursorOf(cameBack)}`),
    row('compared', verdict(comparison)),
  ];
}

function verdict({ acknowledged, restored, lostRecords, consistent }: Comparison): string {
  if (lostRecords.length > 0) {
    return `only ${restored} of ${acknowledged} acknowledged changes are there; lost: ${lostRecords.join(', ')}`;
  }
  const whole = consistent ? 'as if never interrupted' : 'but NOT what an uninterrupted run has at this message';
  return `${restored} of ${acknowledged} acknowledged changes are there, ${whole}`;
}

function resyncRows(outcomes: readonly MessageOutcome[], from: number, to: number): string[] {
  return outcomes.slice(from, to).flatMap((outcome, index) => {
    const closed = outcome.kind === 'applied' ? (outcome.resync?.closed ?? []) : [];
    return closed.map(({ symbol, positionSide }) => {
      const what = `${symbol} ${positionSide} was closed while disconnected, its stale metadata reset`;
      return row('resync', `message ${from + index + 1}: ${what}`);
    });
  });
}

function messageCounts(outcomes: readonly MessageOutcome[]): string {
  const count = (kind: MessageOutcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  return `${count('applied')} applied, ${count('ignored')} known and not needed, ${count('unknown')} unknown`;
}

function unknownRows(outcomes: readonly MessageOutcome[]): string[] {
  return outcomes.flatMap((outcome, index) =>
    outcome.kind === 'unknown' ? [row('unknown', `message ${index + 1}: ${outcome.reason}`)] : [],
  );
}

/** The symbol with the most entries. */
function exampleRows(records: MetadataRecords): string[] {
  const symbols = Object.entries(records).flatMap(([key, metadata]) =>
    'entryCountLong' in metadata
      ? [{ key, metadata, entries: metadata.entryCountLong + metadata.entryCountShort }]
      : [],
  );
  const [example] = symbols.sort((left, right) => right.entries - left.entries);
  if (example === undefined) return [];
  const values = Object.entries(example.metadata).filter(([, value]) => value !== null);
  return [
    '',
    row('for example', example.key),
    ...values.map(([name, value]) => row('', `${name} ${JSON.stringify(value)}`)),
  ];
}

function row(label: string, text: string): string {
  return `${INDENT}${label.padEnd(14)}${text}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
