import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Etcd3 } from 'etcd3';
import type { ContractSubject } from '../../contract/index.js';
import { etcdDriverFaults, etcdDriverSubject } from '../../contract-suite/subjects/etcd-driver-subject.js';
import { startEtcd } from '../../support/servers/etcd-server.js';
import { fixture, type MatrixSubject, packageVersions, TSX } from '../matrix-subject.js';
import { serverVersion } from '../server-version.js';

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

/** The example of a driver on etcd, whose transactions compare and write in one step. */
export const etcdDriver: MatrixSubject = {
  name: 'etcd driver',
  start: async () => {
    const server = await startEtcd();
    const client = new Etcd3({ hosts: server.endpoint });
    return {
      subject: {
        ...etcdDriverSubject(server.endpoint),
        faults: etcdDriverFaults(server, client),
        module: fixture('etcd-driver', { url: server.endpoint }),
        execArgv: TSX,
      },
      versions: [serverVersion('etcd'), ...packageVersions('etcd3')],
      clauseTimeoutMs: 240_000,
      dispose: async () => {
        client.close();
        await server.dispose();
      },
    };
  },
};
