import type { LocalAnswer, LocalRequest } from '../local-server.js';
import { BinanceError, toBinanceError } from './binance-error.js';
import { type Json, toJsonText } from './json-text.js';
import { missing, RequestParams } from './request-params.js';

/** What a test can tell requests apart by. */
export interface SeenRequest {
  readonly method: string;
  /** Such as `/fapi/v1/order`. */
  readonly path: string;
  readonly params: URLSearchParams;
}

/** Who may call: anybody, who has a key, who signs. */
export type Access = 'PUBLIC' | 'KEY' | 'SIGNED';

export interface Endpoint {
  readonly access: Access;
  readonly answer: (params: RequestParams) => Json;
}

/** Keeps requests or their answers back, until it is released. */
export class Hold {
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #released: Promise<void>;
  #release: () => void = () => {};
  #held = 0;

  constructor() {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Resolves when so many are kept back. */
  whenHeld(count = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#check();
    });
  }

  release(): void {
    this.#release();
  }

  /** For the server: waits here. */
  async pass(): Promise<void> {
    this.#held += 1;
    this.#check();
    await this.#released;
  }

  #check(): void {
    for (const { count, resolve } of this.#waiting) if (this.#held >= count) resolve();
  }
}

/** What goes wrong with a request. */
export interface RestFault {
  /** Whether the exchange has done by then what it was asked for. */
  readonly when: 'BEFORE' | 'AFTER';
  /** The answer; the connection breaks instead without one. */
  readonly answer?: { readonly status: number; readonly code: number; readonly message: string };
}

type Matches = (request: SeenRequest) => boolean;

/** Answers requests by the endpoints, as soon and as well as a test lets it. */
export class RestService {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #notify: (request: SeenRequest) => void;
  readonly #holds: { readonly at: 'ARRIVAL' | 'ANSWER'; readonly matches: Matches; readonly hold: Hold }[] = [];
  readonly #faults: { readonly matches: Matches; readonly fault: RestFault }[] = [];

  constructor(endpoints: ReadonlyMap<string, Endpoint>, notify: (request: SeenRequest) => void) {
    this.#endpoints = endpoints;
    this.#notify = notify;
  }

  hold(at: 'ARRIVAL' | 'ANSWER', matches: Matches): Hold {
    const hold = new Hold();
    this.#holds.push({ at, matches, hold });
    return hold;
  }

  /** Lets the next request that matches fail. */
  failNext(matches: Matches, fault: RestFault): void {
    this.#faults.push({ matches, fault });
  }

  /** Lets everything go that is kept back. */
  releaseAll(): void {
    for (const { hold } of this.#holds) hold.release();
  }

  async answer(request: LocalRequest): Promise<LocalAnswer | undefined> {
    const seen: SeenRequest = { method: request.method, path: request.path, params: paramsOf(request) };
    this.#notify(seen);
    await this.#pass('ARRIVAL', seen);
    const at = this.#faults.findIndex(({ matches }) => matches(seen));
    const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
    const answer = fault?.when === 'BEFORE' ? undefined : this.#carryOut(seen, request);
    await this.#pass('ANSWER', seen);
    if (fault === undefined) return answer;
    if (fault.answer === undefined) return undefined;
    const { status, code, message } = fault.answer;
    return json(status, { code, msg: message });
  }

  async #pass(at: 'ARRIVAL' | 'ANSWER', seen: SeenRequest): Promise<void> {
    // In turn: a hold that was released lets everything pass.
    for (const each of this.#holds) if (each.at === at && each.matches(seen)) await each.hold.pass();
  }

  #carryOut(seen: SeenRequest, request: LocalRequest): LocalAnswer {
    try {
      const endpoint = this.#endpoints.get(`${seen.method} ${seen.path}`);
      if (endpoint === undefined) throw new BinanceError(-5000, `Path ${seen.path} is invalid`, 404);
      check(endpoint.access, seen, request);
      return json(200, endpoint.answer(new RequestParams(seen.params)));
    } catch (error) {
      const refused = toBinanceError(error);
      if (refused === undefined) throw error;
      return json(refused.status, { code: refused.code, msg: refused.message });
    }
  }
}

function check(access: Access, { params }: SeenRequest, request: LocalRequest): void {
  if (access === 'PUBLIC') return;
  const key = request.headers['x-mbx-apikey'];
  if (key === undefined || key === '') throw new BinanceError(-2014, 'API-key format invalid.', 401);
  if (access === 'KEY') return;
  for (const name of ['timestamp', 'signature']) if (!params.has(name)) throw missing(name);
}

/** The parameters of the query and of the body. */
function paramsOf({ query, body }: LocalRequest): URLSearchParams {
  return new URLSearchParams([...query, ...new URLSearchParams(body)]);
}

function json(status: number, body: Json): LocalAnswer {
  const headers = { 'Content-Type': 'application/json;charset=UTF-8', 'X-MBX-USED-WEIGHT-1M': '1' };
  return { status, headers, body: toJsonText(body) };
}
