import type { LocalAnswer, LocalRequest } from '../local-server.js';
import { HeldRequests } from './held-requests.js';
import type { OkxAnswer, OkxRequest } from './okx-rest-endpoints.js';
import { asRow, rows } from './params.js';

/** A failure that a test wants. */
export interface OkxFailure {
  /** Default: 200. */
  readonly status?: number;
  /** Such as `50011` (too many requests) or `50026` (system error). */
  readonly code: string;
  readonly msg: string;
}

export type RequestListener = (request: OkxRequest) => void;

interface Hold {
  readonly path: string;
  readonly what: 'REQUEST' | 'ANSWER';
  readonly held: HeldRequests;
}

const NOT_FOUND = {
  code: 404,
  data: {},
  detailMsg: '',
  error_code: '404',
  error_message: 'Not Found',
  msg: 'Not Found',
};

const NEEDED_HEADERS: readonly (readonly [name: string, code: string])[] = [
  ['OK-ACCESS-KEY', '50103'],
  ['OK-ACCESS-PASSPHRASE', '50104'],
  ['OK-ACCESS-SIGN', '50106'],
  ['OK-ACCESS-TIMESTAMP', '50107'],
];

/** The REST side: what requests carry, who may ask, and when answers come. */
export class OkxRest {
  readonly #answer: (request: OkxRequest) => OkxAnswer | undefined;
  readonly #nowMs: () => number;
  readonly #requests: OkxRequest[] = [];
  readonly #holds = new Set<Hold>();
  readonly #failures: { readonly path: string; readonly failure: OkxFailure }[] = [];
  readonly #listeners = { BEFORE: new Set<RequestListener>(), AFTER: new Set<RequestListener>() };

  constructor(answer: (request: OkxRequest) => OkxAnswer | undefined, nowMs: () => number) {
    this.#answer = answer;
    this.#nowMs = nowMs;
  }

  get requests(): readonly OkxRequest[] {
    return this.#requests;
  }

  hold(path: string, what: 'REQUEST' | 'ANSWER'): HeldRequests {
    const held = new HeldRequests(() => this.#holds.delete(hold));
    const hold: Hold = { path, what, held };
    this.#holds.add(hold);
    return held;
  }

  releaseAll(): void {
    for (const { held } of this.#holds) held.release();
  }

  onRequest(when: 'BEFORE' | 'AFTER', listener: RequestListener): () => void {
    this.#listeners[when].add(listener);
    return () => this.#listeners[when].delete(listener);
  }

  fail(path: string, failure: OkxFailure): void {
    this.#failures.push({ path, failure });
  }

  async answer(incoming: LocalRequest): Promise<LocalAnswer> {
    const startMs = this.#nowMs();
    const request = read(incoming);
    this.#requests.push(request);
    const holds = [...this.#holds].filter((each) => each.path === request.path);
    for (const { what, held } of holds) if (what === 'REQUEST') await held.wait();
    for (const listener of this.#listeners.BEFORE) listener(request);
    const { status, body } = this.#respond(request, incoming, startMs);
    for (const listener of this.#listeners.AFTER) listener(request);
    for (const { what, held } of holds) if (what === 'ANSWER') await held.wait();
    return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  }

  #respond(request: OkxRequest, incoming: LocalRequest, startMs: number): { status: number; body: object } {
    const index = this.#failures.findIndex(({ path }) => path === request.path);
    const failure = index < 0 ? undefined : this.#failures.splice(index, 1)[0]?.failure;
    if (failure !== undefined) {
      return { status: failure.status ?? 200, body: { code: failure.code, data: [], msg: failure.msg } };
    }
    const isPublic = /^\/api\/v5\/(public|market)\//.test(request.path);
    const missing = NEEDED_HEADERS.find(([name]) => (incoming.headers[name.toLowerCase()] ?? '') === '');
    if (!isPublic && missing !== undefined) {
      return { status: 401, body: { msg: `Request header ${missing[0]} cannot be empty.`, code: missing[1] } };
    }
    const answer = this.#answer(request);
    if (answer === undefined) return { status: 404, body: NOT_FOUND };
    if (request.method === 'GET' || !request.path.startsWith('/api/v5/trade/')) return { status: 200, body: answer };
    return { status: 200, body: { ...answer, inTime: `${startMs}000`, outTime: `${this.#nowMs()}000` } };
  }
}

function read({ method, path, query, body }: LocalRequest): OkxRequest {
  if (method === 'GET') {
    const params = Object.fromEntries(query);
    return { method, path, params, items: [params] };
  }
  const sent: unknown = JSON.parse(body || '{}');
  const params = asRow(sent);
  return { method, path, params, items: Array.isArray(sent) ? rows(sent) : [params] };
}
