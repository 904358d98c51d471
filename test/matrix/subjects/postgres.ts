import { postgresFaults, postgresSubject } from '../../contract-suite/subjects/postgres-subject.js';
import { startFaultProxy } from '../../support/servers/network/fault-proxy.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { fixture, type MatrixSubject, packageVersions, TSX } from '../matrix-subject.js';
import { serverVersion } from '../server-version.js';

/** One server. */
export const postgres: MatrixSubject = {
  name: 'postgres',
  start: async () => {
    const server = await startPostgres();
    const proxy = await startFaultProxy(server);
    const url = proxy.urlFor(server.url);
    const subject = { ...postgresSubject('postgres', url), faults: postgresFaults(server, url, proxy) };
    // Faults of the table need one.
    const first = subject.createDriver();
    await first.open();
    await first.close();
    return {
      subject: { ...subject, module: fixture('postgres', { url }), execArgv: TSX },
      versions: [serverVersion('postgres'), ...packageVersions('keyv', '@keyv/postgres')],
      dispose: async () => {
        await proxy.close();
        await server.dispose();
      },
    };
  },
};
