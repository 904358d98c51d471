import type { Direction, FaultProxy } from '../../support/servers/network/fault-proxy.js';
import type { TestServer } from '../../support/servers/test-server.js';

/** Takes a fault back. */
export type Undo = () => Promise<void>;

/** Something that can happen to a backend, to the way to it, or to a process. */
export interface Fault {
  /** Resolves, once the fault is there, to what takes it back. */
  inject(): Promise<Undo>;
}

/** SIGKILL of a server, until it is started again. */
export function killed(server: Pick<TestServer, 'kill' | 'start'>): Fault {
  return fault(
    () => server.kill(),
    () => server.start(),
  );
}

/** A server is ended as an administrator would, until it is started again. */
export function stopped(server: Pick<TestServer, 'stop' | 'start'>): Fault {
  return fault(
    () => server.stop(),
    () => server.start(),
  );
}

/** SIGSTOP of a server, until SIGCONT. */
export function paused(server: Pick<TestServer, 'pause' | 'resume'>): Fault {
  return fault(
    () => server.pause(),
    () => server.resume(),
  );
}

/** All connections are reset, and new ones are refused. */
export function refused(proxy: FaultProxy): Fault {
  return fault(
    () => proxy.refuse(),
    () => proxy.heal(),
  );
}

/** What is sent is lost: in both directions, or in one. */
export function lost(proxy: FaultProxy, direction: Direction = 'both'): Fault {
  return fault(
    () => proxy.blackHole(direction),
    () => proxy.heal(),
  );
}

/** What is sent arrives later. */
export function late(proxy: FaultProxy, ms: number): Fault {
  return fault(
    () => proxy.delay(ms),
    () => proxy.heal(),
  );
}

/** All connections are reset, again and again. */
export function cutAgainAndAgain(proxy: FaultProxy, everyMs: number): Fault {
  let timer: NodeJS.Timeout | undefined;
  return fault(
    () => {
      timer = setInterval(() => proxy.cut(), everyMs);
    },
    () => clearInterval(timer),
  );
}

/** A fault that is injected in one step, and taken back in one. */
export function fault(inject: () => unknown, undo: () => unknown = () => undefined): Fault {
  return {
    inject: async () => {
      await inject();
      return async () => {
        await undo();
      };
    },
  };
}
