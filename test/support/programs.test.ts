import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProgram, requireProgram, requirePrograms } from './programs.js';

const nowhere = { name: 'accountkeeper-no-such-program', debianPackage: 'accountkeeper-no-such-package' };

function folderWith(...paths: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '#!/bin/sh\n');
    chmodSync(join(folder, path), 0o755);
  }
  return folder;
}

describe('findProgram', () => {
  it('finds a program on PATH', () => {
    expect(findProgram({ name: 'sh', debianPackage: 'dash' })).toMatch(/\/sh$/);
  });

  it('finds the newest version in versioned folders', () => {
    const folder = folderWith('9.6/bin/versioned-tool', '15/bin/versioned-tool', '16/lib/versioned-tool');
    const program = { name: 'versioned-tool', debianPackage: 'none', folders: [join(folder, '*', 'bin')] };
    expect(findProgram(program)).toBe(join(folder, '15', 'bin', 'versioned-tool'));
  });

  it('is undefined for a program that is nowhere', () => {
    expect(findProgram({ ...nowhere, folders: ['/no/such/folder/*/bin'] })).toBeUndefined();
  });
});

describe('requireProgram', () => {
  it('returns the path of a program that is there, without installing its companions', () => {
    expect(requireProgram({ name: 'sh', debianPackage: 'dash' }, [nowhere])).toMatch(/\/sh$/);
    expect(() => requirePrograms([{ name: 'sh', debianPackage: 'dash' }])).not.toThrow();
  });
});
