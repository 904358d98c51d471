/** What a trace of system calls says about acknowledgements. */
export interface SyncTrace {
  readonly acknowledgements: number;
  /** Acknowledgements before which something written to the database was not synced. */
  readonly unsynced: number;
  /** Syncs of the write-ahead log. */
  readonly syncs: number;
}

/**
 * Reads the output of `strace -f -y -e trace=pwrite64,fdatasync,fsync,write`. An acknowledgement is a `write` to file
 * descriptor 1; before it, everything written to the write-ahead log must have been synced by a call that had returned.
 */
export function readSyncTrace(trace: string): SyncTrace {
  let acknowledgements = 0;
  let unsynced = 0;
  let syncs = 0;
  let dirty = false;
  const syncing = new Set<string>();
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const begins = /^(fdatasync|fsync)\(\d+<[^>]*-wal>(.*)$/.exec(call);
    if (begins?.[2]?.includes('unfinished')) syncing.add(thread);
    const resumes = /^<\.\.\. (fdatasync|fsync) resumed>.*= 0/.test(call) && syncing.delete(thread);
    if ((begins !== null && / = 0$/.test(call)) || resumes) {
      syncs += 1;
      dirty = false;
    }
    if (/^pwrite64\(\d+<[^>]*-wal>/.test(call)) dirty = true;
    if (/^write\(1<.*"acknowledged /.test(call)) {
      acknowledgements += 1;
      if (dirty) unsynced += 1;
    }
  }
  return { acknowledgements, unsynced, syncs };
}
