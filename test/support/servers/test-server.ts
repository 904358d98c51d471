/** A private server that a test started: on a free port, in a folder of its own, gone after `dispose`. */
export interface TestServer {
  /** Where clients connect, credentials included where there are any. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Starts it on the same port with the same data, and resolves when it answers. After `stop` or `kill` only. */
  start(): Promise<void>;
  /** Ends it as an administrator would, and resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL to the server and all of its children; resolves when they are gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): Promise<void>;
  /** Kills it if it still runs, and removes its folder. Idempotent. */
  dispose(): Promise<void>;
}
