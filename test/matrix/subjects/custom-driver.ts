import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ContractSubject } from '../../contract/index.js';
import type { MatrixSubject } from '../matrix-subject.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The example of a driver that was written from the documentation alone, on the compiled package. */
export const customDriver: MatrixSubject = {
  name: 'custom driver',
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'accountkeeper-custom-driver-'));
    await cp(join(root, 'examples/custom-driver'), folder, { recursive: true });
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await symlink(root, join(folder, 'node_modules/accountkeeper'));
    const file = pathToFileURL(join(folder, 'contract-subject.js'));
    const { default: subject } = (await import(file.href)) as { readonly default: ContractSubject };
    return { subject, versions: [], dispose: () => rm(folder, { recursive: true, force: true }) };
  },
};
