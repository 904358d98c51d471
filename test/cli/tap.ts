/** A test point of a TAP document. */
export interface TapPoint {
  readonly ok: boolean;
  readonly number: number;
  readonly description: string;
  readonly skipped: string | undefined;
  /** Of the YAML block, whose values are JSON. */
  readonly diagnostics: Readonly<Record<string, unknown>>;
}

/** Reads a TAP 14 document. Throws where it is none. */
export function parseTap(text: string): readonly TapPoint[] {
  const lines = text.split('\n');
  if (lines.shift() !== 'TAP version 14') throw new Error('no version');
  if (lines.pop() !== '') throw new Error('no line end');
  const points: TapPoint[] = [];
  let plan: number | undefined;
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.startsWith('# ')) continue;
    if (/^1\.\.\d+$/.test(line)) {
      if (plan !== undefined) throw new Error('two plans');
      plan = Number(line.slice(3));
      continue;
    }
    const [, not, number, rest = ''] = /^(not )?ok (\d+) - (.+)$/.exec(line) ?? [];
    if (Number(number) !== points.length + 1) throw new Error(`no point: ${line}`);
    const [description = '', skipped] = rest.split(/(?<!\\)# SKIP /);
    const diagnostics = lines[0] === '  ---' ? readBlock(lines) : {};
    points.push({
      ok: not === undefined,
      number: Number(number),
      description: description.trim(),
      skipped,
      diagnostics,
    });
  }
  if (plan !== points.length) throw new Error(`the plan is ${plan}, for ${points.length} points`);
  return points;
}

function readBlock(lines: string[]): Readonly<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  lines.shift();
  for (let line = lines.shift(); line !== '  ...'; line = lines.shift()) {
    const [, key, value] = /^ {2}([a-z_]+): (.+)$/.exec(line ?? '') ?? [];
    if (key === undefined || value === undefined) throw new Error(`no YAML: ${line}`);
    entries.push([key, JSON.parse(value)]);
  }
  return Object.fromEntries(entries);
}
