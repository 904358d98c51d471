import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');

/** The programs of a page of docs/exchanges, each in a block after `<!-- program -->`. */
export function programsOf(page: string): readonly string[] {
  const text = readFileSync(join(root, 'docs/exchanges', page), 'utf8');
  return [...text.matchAll(/<!-- program -->\n```ts\n(.*?)```/gs)].map(([, program = '']) => program);
}

/** Compiles a program with the types of an exchange's adapter and of its SDK; throws when that fails. */
export function compileProgram(program: string, adapter: string, sdk: string): string {
  const folder = temporaryFolder(`${adapter}-page`);
  mkdirSync(join(folder, 'node_modules'));
  for (const name of [sdk, '@types']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const paths = {
    accountkeeper: [join(root, 'src/index.ts')],
    [`accountkeeper/${adapter}`]: [join(root, `src/exchanges/${adapter}/index.ts`)],
  };
  const options = { ...compilerOptions, rootDir: '/', paths };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.mts'] }));
  writeFileSync(join(folder, 'program.mts'), program);
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
}
