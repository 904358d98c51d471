import { styleText } from 'node:util';
import type { CliIo } from './cli-io.js';

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
