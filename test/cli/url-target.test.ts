import { describe, expect, it } from 'vitest';
import { SUBJECT_URL_VARIABLE, urlSubject } from '../../src/cli/url-target.js';
import { recorded } from './recorded-io.js';

describe('the subject of a URL', () => {
  it('keeps its password out of its name and its module, and has it looked for in errors', () => {
    const { name, module, secrets } = urlSubject('redis://bot:hunt%20er2@localhost:1');
    expect(`${name} ${String(module)}`).not.toMatch(/hunt/);
    expect(secrets).toEqual(['hunt%20er2', 'hunt er2']);
  });

  it('does not look for a password that every error may hold for another reason', () => {
    expect(urlSubject('postgres://postgres:postgres@localhost:1/db').secrets).toEqual([]);
    expect(urlSubject('redis://:a@localhost:1').secrets).toEqual([]);
    expect(urlSubject('redis://localhost:1').secrets).toEqual([]);
  });

  it('leaves nothing of the URL in the environment when the run has ended', async () => {
    await recorded(['contract', 'memory:', '--clause', 'CL4']);
    expect(process.env[SUBJECT_URL_VARIABLE]).toBeUndefined();
  });
});
