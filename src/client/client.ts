import { CountersignError } from './errors.ts';
import { govern, type GovernOptions, type Governed, type Execute } from './govern.ts';
import { Transport, type CallOptions } from './http.ts';
import type { Action, ActionRequest, Json, Outcome, Plan, PlanRequest, Redeemed } from './types.ts';

export interface CountersignOptions {
  /** Where the engine is. Default: `COUNTERSIGN_URL`, else `http://127.0.0.1:8787`. */
  url?: string;
  /** The API key or token of the caller. Default: `COUNTERSIGN_API_KEY`. */
  key?: string;
  fetch?: typeof globalThis.fetch;
  /** Milliseconds for which calls that are safe to repeat are repeated while the engine is away. Default: 30 s. */
  retryFor?: number;
}

/** Options of a call that starts something: its key is what makes it one action however often it is sent. */
export interface KeyedOptions extends CallOptions {
  idempotencyKey: string;
  /** Seconds that the server holds its answer while a human is awaited, at most 60. */
  wait?: number;
}

/** Seconds of one long poll, the most that the server holds. */
const POLL_SECONDS = 60;

/** Countersign over HTTP. Every method throws {@link CountersignError} for anything that is neither an answer nor a verdict. */
export class Countersign {
  /** Where the engine is. */
  readonly url: string;
  readonly #http: Transport;

  constructor(options: CountersignOptions = {}) {
    const key = options.key ?? setting('COUNTERSIGN_API_KEY');
    if (key === undefined || key === '') {
      throw new CountersignError('configuration', 'there is no key; pass `key`, or set COUNTERSIGN_API_KEY');
    }
    this.url = options.url ?? setting('COUNTERSIGN_URL') ?? 'http://127.0.0.1:8787';
    this.#http = new Transport({
      url: this.url,
      key,
      // Some runtimes refuse their own fetch when it is called as a method of another object.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      retryFor: options.retryFor ?? 30_000,
    });
  }

  /**
   * Asks, waits for humans where policy wants one, redeems, lets `execute` act on the request as released, and reports.
   *
   * The effect happens at most once for one key, whatever dies and comes back; a human is asked once. What `execute` throws is reported as
   * failed and thrown again.
   */
  govern<T>(request: ActionRequest, options: GovernOptions<T>, execute: Execute<T>): Promise<Governed<T>> {
    return govern(this, request, options, execute);
  }

  /**
   * Asks for an action. The same key and body are the same action for ever.
   *
   * @throws CountersignError `action-refused` with `problem.action`, and `problem.final` where asking again cannot help
   */
  async request(request: ActionRequest, { wait, ...options }: KeyedOptions): Promise<Action> {
    const call = wait === undefined ? options : { ...options, wait };
    return (await this.#post('v1/actions', request, { ...call, repeatable: true })) as Action;
  }

  /** Waits until an action is decided, by long polls. Returns the action after `timeout` at the latest, in whatever state it is. */
  async wait(id: string, { timeout, signal }: Omit<CallOptions, 'idempotencyKey'> = {}): Promise<Action> {
    const end = Date.now() + (timeout ?? Infinity);
    for (;;) {
      const wait = Math.max(0, Math.min(POLL_SECONDS, Math.ceil((end - Date.now()) / 1000)));
      const call = { method: 'GET', path: pathOf(id), wait, repeatable: true } as const;
      const action = (await this.#http.send(signal === undefined ? call : { ...call, signal })) as Action;
      if ((action.status !== 'supervised' && action.status !== 'evaluating') || Date.now() >= end) return action;
    }
  }

  /** A fresh permit of a released action that nobody redeemed yet; the one before no longer counts. */
  async permit(id: string, options: CallOptions = {}): Promise<Action> {
    return (await this.#post(`${pathOf(id)}/permit`, {}, { ...options, repeatable: true })) as Action;
  }

  /**
   * Takes a permit: once, or again by the same `redeemer` until the outcome is reported.
   *
   * @throws CountersignError `permit-already-redeemed`, `permit-expired`, `permit-invalid`, `permit-audience`, `permit-request-differs`
   */
  async redeem(
    input: { permit: string; redeemer?: string; request?: ActionRequest; audience?: string },
    options: CallOptions = {},
  ): Promise<Redeemed> {
    // Without a redeemer, a lost answer and another executor look alike, so it is not sent twice.
    return (await this.#post('v1/permits/redeem', input, {
      ...options,
      repeatable: input.redeemer !== undefined,
    })) as Redeemed;
  }

  /** Reports the outcome. The same report again gets the same answer. */
  async report(id: string, outcome: Outcome, options: CallOptions = {}): Promise<Action> {
    return (await this.#post(`${pathOf(id)}/outcome`, outcome, { ...options, repeatable: true })) as Action;
  }

  /** Withdraws an action that waits for a human. */
  async cancel(id: string, options: CallOptions = {}): Promise<Action> {
    return (await this.#post(`${pathOf(id)}/cancel`, {}, { ...options, repeatable: false })) as Action;
  }

  /** What policy would say. Nothing is started, nothing is sealed. */
  evaluate(request: ActionRequest, options: CallOptions = {}): Promise<Json> {
    return this.#post('v1/evaluate', request, { ...options, repeatable: true }) as Promise<Json>;
  }

  /**
   * Has up to 100 steps reviewed as one: a verdict for each and for the whole. The same key and plan is the same plan for ever. Each step
   * is an action: wait for its permit by its id, redeem it, and report.
   */
  async plan(plan: PlanRequest, { wait, ...options }: KeyedOptions): Promise<Plan> {
    const call = wait === undefined ? options : { ...options, wait };
    return (await this.#post('v1/plans', plan, { ...call, repeatable: true })) as Plan;
  }

  /**
   * Adds the next steps to an open plan, each reviewed now and bound to those before it.
   *
   * @param at how many steps the plan has: the same steps at the same place are the same steps for ever
   */
  async addSteps(
    id: string,
    steps: ActionRequest[],
    { at, wait, ...options }: CallOptions & { at: number; wait?: number },
  ): Promise<Plan> {
    const call = wait === undefined ? options : { ...options, wait };
    const path = `v1/plans/${encodeURIComponent(id)}/steps`;
    return (await this.#post(path, { at, steps }, { ...call, repeatable: true })) as Plan;
  }

  /** The current plan, after `wait` seconds at most while people decide it. */
  async readPlan(id: string, { wait, ...options }: CallOptions & { wait?: number } = {}): Promise<Plan> {
    const call = { method: 'GET', path: `v1/plans/${encodeURIComponent(id)}`, repeatable: true } as const;
    return (await this.#http.send({ ...options, ...call, ...(wait === undefined ? {} : { wait }) })) as Plan;
  }

  /** The actions that the caller may see, newest first, by the filters of `GET /v1/actions`. */
  actions(filters: Record<string, string | number | undefined> = {}, options: CallOptions = {}): Promise<Json> {
    const call = { method: 'GET', path: 'v1/actions', query: filters, repeatable: true } as const;
    return this.#http.send({ ...options, ...call }) as Promise<Json>;
  }

  /** What waits for this person, by deadline. */
  inbox(options: CallOptions = {}): Promise<Json> {
    return this.#http.send({ ...options, method: 'GET', path: 'v1/inbox', repeatable: true }) as Promise<Json>;
  }

  #post(path: string, body: unknown, options: PostOptions): Promise<unknown> {
    return this.#http.send({ ...options, method: 'POST', path, body });
  }
}

/** `repeatable`: the call may be sent again after a lost answer, because it is the same call then. */
type PostOptions = CallOptions & { wait?: number; repeatable: boolean };

const pathOf = (id: string): string => `v1/actions/${encodeURIComponent(id)}`;

/** A setting of the environment, in runtimes that have one. */
function setting(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env?.[name];
}
