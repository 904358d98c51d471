import type { DriverCapabilities, DriverLimits } from 'accountkeeper';
import type { BackendConnection, BaseDriverOptions, StoredEntry } from 'accountkeeper/driver-kit';
import { BaseDriver, KeyLayout } from 'accountkeeper/driver-kit';
import { Etcd3, type IOptions } from 'etcd3';

const PAGE = 100;

/** Keeps accounts in etcd: a key for each head, and one for each record. */
export class EtcdDriver extends BaseDriver {
  readonly name: string = 'etcd';
  // etcd writes its log to the disk before it answers.
  readonly capabilities: DriverCapabilities = {
    durability: 'host',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  };
  // A transaction of etcd has at most 128 operations and 1.5 MiB. Encoded, 100 keys take at most 320 kB, the former and
  // the next head and the values 7 times their 160 KiB, and the names of writers and commits 30 kB.
  readonly limits: DriverLimits = { keyBytes: 1024, valueBytes: 65_536, batchBytes: 98_304, batchRecords: 100 };
  readonly #etcd: IOptions;

  constructor({ etcd, ...options }: BaseDriverOptions & { readonly etcd: IOptions }) {
    super(options);
    // A large account is one answer, above the 4 MiB that the client takes by default.
    const grpcOptions = { 'grpc.max_receive_message_length': -1, ...etcd.grpcOptions };
    this.#etcd = { defaultCallOptions: () => ({ deadline: Date.now() + 30_000 }), ...etcd, grpcOptions };
  }

  protected override async connect(): Promise<BackendConnection> {
    const { layout } = this;
    const client = new Etcd3(this.#etcd);
    const read = async (start: string, end: string, limit = 0): Promise<readonly StoredEntry[]> => {
      const found = await client.getAll().inRange({ start, end }).limit(limit).strings();
      return Object.entries(found).map(([key, text]) => ({ key, text }));
    };
    const connection: BackendConnection = {
      readHead: async ({ head }) => (await client.get(head)) ?? undefined,
      readAccount: ({ range }) => read(range.from, range.to),
      swap: async ({ head, recordPrefix }, { expected, next, upserts, deletes, deletesAll }) => {
        const puts = Array.from(upserts, ([record, text]) => client.put(recordPrefix + record).value(text));
        const gone = deletesAll
          ? [client.delete().prefix(recordPrefix)]
          : deletes.map((record) => client.delete().key(recordPrefix + record));
        // The mod_revision of a key that does not exist is 0.
        const unchanged = client.if(head, expected === undefined ? 'Mod' : 'Value', '==', expected ?? 0);
        const { succeeded } = await unchanged.then(client.put(head).value(next), ...puts, ...gone).commit();
        return succeeded;
      },
      listAccounts: async (cursor = layout.range.from) => {
        const entries = await read(cursor, layout.range.to, PAGE);
        const heads = new Map<string, string | undefined>();
        for (const { key, text } of entries) {
          const parsed = layout.parse(key);
          if (parsed?.kind === 'head') heads.set(parsed.accountId, text);
          else if (parsed !== undefined && !heads.has(parsed.accountId)) heads.set(parsed.accountId, undefined);
        }
        const accounts = Array.from(heads, ([id, head]) => ({ id, head }));
        // A head sorts before its account's records: those behind the last key have nothing more to say.
        const last = entries.length < PAGE ? undefined : entries.at(-1);
        return { accounts, next: last && KeyLayout.behind(last.key) };
      },
      disconnect: async () => client.close(),
    };
    await client.get(layout.range.from).catch(async (error: unknown) => {
      await connection.disconnect();
      throw error;
    });
    return connection;
  }
}
