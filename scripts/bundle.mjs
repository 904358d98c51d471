// Bundles what the package publishes: a file for each entry, and one for what several entries share, so that every class
// exists once. tsc writes the types, which are not bundled.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const published = [...Object.values(exports).flatMap((entry) => entry.default ?? []), ...Object.values(bin)].map(
  (path) => /^\.\/dist\/(.+)\.js$/.exec(path)[1],
);
/** The dependencies that are bundled. All others stay outside. */
const BUNDLED = ['devalue'];

/** Programs that other files start as a process of its own, by their place beside them. */
const STARTED = ['src/cli/url-subject', 'test/contract/second-process'];

/**
 * The shared files: each holds the modules that match, and those that they import and no file above has. Code that
 * looks for another file beside it has to be in the folder of its source.
 */
const SHARED = [
  { name: 'src/library', test: /\bsrc[\\/]index\.ts$/ },
  { name: 'src/exchanges/shared', test: /\bsrc[\\/]exchanges[\\/]shared[\\/]/ },
  { name: 'test/contract/suite', test: /\btest[\\/]contract[\\/]index\.ts$/ },
  { name: 'src/cli/url-target', test: /\bsrc[\\/]cli[\\/]url-target\.ts$/ },
];

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries([...published, ...STARTED].map((name) => [name, join(root, `${name}.ts`)])),
  external: (id) => !id.startsWith('.') && !isAbsolute(id) && !BUNDLED.includes(id),
  platform: 'node',
  tsconfig: join(root, 'tsconfig.json'),
  preserveEntrySignatures: 'strict',
  onLog(_, { message }) {
    throw new Error(message);
  },
});
await bundle.write({
  dir: join(root, 'dist'),
  format: 'esm',
  comments: false,
  minifyInternalExports: false,
  sourcemap: true,
  // The package has the sources.
  sourcemapExcludeSources: true,
  entryFileNames: '[name].js',
  // What is imported when it is first used keeps the place of its source.
  chunkFileNames: ({ name, facadeModuleId }) =>
    facadeModuleId === null ? `${name}.js` : relative(root, facadeModuleId).replace(/\.ts$/, '.js'),
  codeSplitting: { groups: SHARED },
});
await bundle.close();

// Their licenses ask to go with every copy.
mkdirSync(join(root, 'dist/licenses'));
for (const name of BUNDLED) {
  copyFileSync(join(root, 'node_modules', name, 'LICENSE'), join(root, 'dist/licenses', `${name}.txt`));
}
