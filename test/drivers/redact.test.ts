import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactUrl } from '../../src/core/shared/redact.js';

describe('redactUrl', () => {
  it.each([
    ['redis://localhost:6379/0', 'redis://localhost:6379/0'],
    ['sqlite://./state.db?synchronous=full&prefix=x', 'sqlite://./state.db?synchronous=full&prefix=x'],
    ['redis://me:secret@host:6379/0', 'redis://***@host:6379/0'],
    ['redis://me:se@cr@et@host/0', 'redis://***@host/0'],
    ['redis://me:se/cr@host/0', 'redis://***@host/0'],
    ['redis://me:se?cr@et@host/0', 'redis://***'],
    ['me:secret@host', '***@host'],
    [
      'postgres://host/db?user=me&password=se&cret&sslmode=require',
      'postgres://host/db?user=me&password=***&sslmode=require',
    ],
    ['postgres://host/db?p%61ssword=secret', 'postgres://host/db?p%61ssword=***'],
    ['postgres://me:x@host/db?apiKey=secret;AUTH_TOKEN=secret', 'postgres://***@host/db?apiKey=***&AUTH_TOKEN=***'],
    ['postgres://host/db?password=se@cret', 'postgres://***'],
    ['postgres://me:secret', 'postgres://***'],
    ['redis://me:1234secret/0?prefix=x', 'redis://***'],
    ['redis+cluster://a:7000,[::1]:7001,b', 'redis+cluster://a:7000,[::1]:7001,b'],
    ['redis+cluster://a:7000,me:secret', 'redis+cluster://***'],
    ['redis//me:secret', '***'],
    ['//host:6379/0', '//host:6379/0'],
    ['', ''],
    ['plain text', 'plain text'],
  ])('makes %s %s', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  it('never lets a password through, whatever is in it', () => {
    const password = fc
      .string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'@:/?#&=;% x') })
      .map((text) => `SECRET${text}SECRET`);
    fc.assert(
      fc.property(password, fc.constantFrom('', '?a=b', '?a=b@c', '?token=SECRET'), (secret, query) => {
        expect(redactUrl(`redis://me:${secret}@host/0${query}`)).not.toContain('SECRET');
        expect(redactUrl(`redis:me:${secret}@host/0${query}`)).not.toContain('SECRET');
      }),
      { numRuns: 1000 },
    );
  });
});
