import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agePlotSvg, readAgeSeries } from '../../scripts/images/age-plot-svg.js';
import { terminalSvg } from '../../scripts/images/terminal-svg.js';

describe('the images of the README', () => {
  it('show the demo as it ends: nothing lost', () => {
    const image = readFileSync(resolve(import.meta.dirname, '../../docs/images/demo.svg'), 'utf8');
    expect(image).toMatch(/SIGKILL/);
    expect(image).toMatch(/In all: acknowledged (\d+), restored \1, lost 0</);
  });

  it('have what a terminal shows as text, without its colours', () => {
    const image = terminalSvg('a <b>', '\u001b[32mgreen & gone\u001b[0m\n');
    expect(image).toContain('>$ a &lt;b&gt;</text>');
    expect(image).toContain('>green &amp; gone</text>');
  });

  it('have a point for each age, and a mark for each restart', () => {
    const image = agePlotSvg(readAgeSeries('{ "ageMs": [0, 20, 180], "restartsAt": [1] }'));
    expect(image).toContain('points="64.0,220.0 400.0,202.0 736.0,58.0"');
    expect(image).toContain('d="M400.0 40V220"');
    expect(image).toContain('through 1 restarts');
  });

  it('say so when nothing was recorded', () => {
    expect(agePlotSvg({ ageMs: [], restartsAt: [] })).toContain('No run was recorded yet');
  });

  it('are not drawn from what is no series', () => {
    expect(() => readAgeSeries('{ "ageMs": [1, null], "restartsAt": [] }')).toThrow('ageMs');
  });
});
