import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** The exports of accountstate, compiled into a temporary folder that is gone afterwards. */
export function loadOriginal(path) {
  const folder = mkdtempSync(join(tmpdir(), 'accountstate-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    for (const [name, text] of existsSync(join(path, 'src')) ? checkedOut(path) : committed(path)) {
      const target = join(folder, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, ts.transpileModule(text, { compilerOptions }).outputText);
    }
    return createRequire(import.meta.url)(join(folder, 'src/index.js'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkedOut(path) {
  const names = readdirSync(join(path, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  return names.map((name) => [join('src', name), readFileSync(join(path, 'src', name), 'utf8')]);
}

function committed(path) {
  const git = (...args) => execFileSync('git', ['--git-dir', path, ...args], { encoding: 'utf8' });
  const names = git('ls-tree', '-r', '--name-only', 'HEAD', 'src').split('\n');
  return names.filter((name) => name.endsWith('.ts')).map((name) => [name, git('show', `HEAD:${name}`)]);
}
