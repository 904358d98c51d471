import type { AccountHead } from '../../../src/core/persistence-driver.js';
import type { AccountInput, AccountOperation, AccountOutput, ExpectedHead } from './account-specification.js';

/** One operation a line, in the order of the invocations: who, when, what, and the answer. */
export function shownHistory(operations: readonly AccountOperation[]): string {
  const rows = operations
    .toSorted((one, other) => one.invokedAt - other.invokedAt)
    .map(({ client, input, output, invokedAt, returnedAt }) => [
      client,
      `${invokedAt}–${output === undefined ? '?' : returnedAt}`,
      shownInput(input),
      output === undefined ? 'unknown' : shownOutput(output),
    ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([client = '', times = '', asked = '', answer = '']) => {
      const [first = 0, second = 0, third = 0] = widths;
      return `  ${client.padEnd(first)}  ${times.padStart(second)}  ${asked.padEnd(third)}  → ${answer}`;
    })
    .join('\n');
}

function shownInput(input: AccountInput): string {
  if (input.kind === 'head' || input.kind === 'load') return input.kind;
  const sets = Object.entries(input.upserts).map(([key, value]) => `${key}=${value}`);
  const changes = [...sets, ...input.deletes.map((key) => `-${key}`)].join(' ');
  return `${input.kind} ${input.writeId} on ${shownExpected(input.expected)}${changes === '' ? '' : `: ${changes}`}`;
}

function shownOutput(output: AccountOutput): string {
  if (output.kind !== 'load') return `${output.kind === 'head' ? '' : `${output.kind}, `}${shownHead(output.head)}`;
  if (output.stored === undefined) return 'none';
  const records = Object.entries(output.stored.records).map(([key, value]) => `${key}=${value}`);
  return `${shownHead(output.stored.head)} {${records.sort().join(' ')}}`;
}

function shownHead(head: AccountHead | undefined): string {
  return head === undefined ? 'none' : `${shownExpected(head)}${head.dropped ? ' dropped' : ''}`;
}

function shownExpected(head: ExpectedHead): string {
  return head === undefined ? 'none' : `${head.revision}/${head.writeId}`;
}
