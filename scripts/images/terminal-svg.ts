import { stripVTControlCharacters } from 'node:util';

const CHARACTER = 7.9;
const LINE = 18;
const MARGIN = 16;

/** Draws the output of a command as a picture of a terminal. Text stays text; colours are left out. */
export function terminalSvg(command: string, output: string): string {
  const printed = stripVTControlCharacters(output).trimEnd().split('\n');
  const lines = [`$ ${command}`, '', ...printed];
  const width = Math.ceil(Math.max(...lines.map((line) => [...line].length)) * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  const spans = lines.map((line, index) => {
    const y = MARGIN + (index + 1) * LINE - 5;
    return `  <text x="${MARGIN}" y="${y}"${index === 0 ? ' class="command"' : ''}>${escapeXml(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
  <title>${escapeXml(command)}</title>
  <style>
    text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre }
    .command { fill: #7ee787 }
  </style>
  <rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${spans.filter((span) => !span.endsWith('></text>')).join('\n')}
</svg>
`;
}

/** Text that may stand between two tags. */
function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
