// Writes, beside each entry of the package in dist, what CommonJS gets: `NAME.cjs` hands on the one ES module, and
// `NAME.d.cts` its types. TypeScript takes the declarations of an ES module for out of reach of `require`, so each
// export is declared again, as what it is in the ES module: both kinds of files share the same classes and types.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
const entries = Object.values(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports).flatMap(
  ({ types }) => (types === undefined ? [] : [join(root, types)]),
);
const program = ts.createProgram(entries, { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023 });
const checker = program.getTypeChecker();

for (const entry of entries) {
  const source = program.getSourceFile(entry);
  const name = basename(entry, '.d.ts');
  const from = `import('./${name}.js', { with: { 'resolution-mode': 'import' } })`;
  const lines = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isTypeOnly = exported.declarations.some((each) => ts.isTypeOnlyExportDeclaration(each));
    const isValue = symbol.flags & ts.SymbolFlags.Value && !isTypeOnly;
    return [
      ...(isValue ? [`export declare const ${exported.name}: typeof ${from}.${exported.name};`] : []),
      ...(symbol.flags & ts.SymbolFlags.Type ? [aliasOf(exported.name, symbol, from)] : []),
    ];
  });
  writeFileSync(entry.replace(/\.d\.ts$/, '.d.cts'), `${lines.join('\n')}\n`);
  writeFileSync(entry.replace(/\.d\.ts$/, '.cjs'), `module.exports = require('./${name}.js');\n`);
}

/** The type of the same name and with the same parameters. */
function aliasOf(name, symbol, from) {
  const declared = symbol.declarations.find((each) => each.typeParameters !== undefined)?.typeParameters ?? [];
  if (declared.length === 0) return `export type ${name} = ${from}.${name};`;
  const parameters = declared.map((each) => each.getText()).join(', ');
  const names = declared.map((each) => each.name.text).join(', ');
  return `export type ${name}<${parameters}> = ${from}.${name}<${names}>;`;
}
