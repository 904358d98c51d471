import { styleText } from 'node:util';

/** Where a command writes to. */
export interface CliOutput {
  write(text: string): unknown;
  /** Whether somebody looks at it: colours are for them alone. */
  readonly isTTY?: boolean | undefined;
}

/** The parts of its process that the command line uses. */
export interface CliIo {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** `NO_COLOR` is read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths of modules start from. */
  readonly cwd: string;
}

/** How the commands end. */
export const EXIT = {
  /** All passed; the backend is usable. */
  ok: 0,
  /** A clause failed, or the required level was missed; the backend is unusable. */
  failed: 1,
  /** The arguments, the URL or the module are not right. */
  usage: 2,
  /** The backend is usable, with a setting that weakens a promise. */
  warnings: 3,
} as const;

/** The styles that reports use. */
export type Style = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

/** Puts a text into a style, or leaves it as it is. */
export type Styler = (style: Style, text: string) => string;

/** Styles for a terminal, unless `NO_COLOR` is set to anything. */
export function stylerFor({ stdout, env }: CliIo): Styler {
  const colours = stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '';
  // Whether this stream is a terminal was judged here already.
  return colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
