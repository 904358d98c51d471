/** A value as indented JSON with a title line, for a log. */
export function stateDump(state: object): string {
  return `Account state: ${JSON.stringify(state, withoutBigInt, 2)}\n`;
}

function withoutBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
