/**
 * Governed calls. The same call joins the one that is open, until its result was delivered once: an agent that gave up and calls again
 * executes once. A client that stops waiting withdraws nothing.
 */
import { hashOf } from '../canonical/index.ts';
import {
  CountersignError,
  OutcomeUnknown,
  Skip,
  type Action,
  type Actor,
  type Countersign,
  type Governed,
} from '../client/index.ts';
import { answerResult, type ToolAnswer } from './answers.ts';
import { argumentsOf, requestOfCall, uncarried, type McpCall } from './request-of.ts';
import type { McpSettings } from './settings.ts';
import type { McpState } from './state.ts';
import { isUnknownOutcome, type Progress, type ToolResult, type Upstream } from './upstream.ts';

/** A call that somebody may wait for. */
export interface GovernedCall {
  readonly key: string;
  /** Names it towards clients that poll. */
  readonly taskId: string;
  readonly result: Promise<ToolResult>;
  /** The result, once it is there. */
  settled: ToolResult | null;
  /** Whether it ended; false where the engine could not be asked. */
  ended: boolean;
  /** The action while a human is awaited. */
  waiting: Action | null;
  /** Called with the server's progress. */
  readonly listeners: Set<(progress: Progress) => void>;
  /** Resolves when it is known whether a human is awaited. */
  readonly asked: Promise<void>;
}

export interface CallsOptions {
  client: Pick<Countersign, 'govern'>;
  upstream: Upstream;
  state: McpState;
  settings: McpSettings;
  actor: Actor;
}

/** The tool reported its own failure, which is reported as failed; its text goes to the agent. */
class ToolFailed extends Error {
  readonly result: ToolResult;
  constructor(result: ToolResult) {
    super('the tool answered with an error');
    this.name = 'ToolFailed';
    this.result = result;
  }
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #open = new Map<string, GovernedCall>();
  readonly #ends = new AbortController();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** The call, begun or joined. */
  join(call: McpCall): GovernedCall {
    const { settings, actor, state } = this.#options;
    const key = hashOf([settings.server, actor.id, call.tool.name, call.arguments]).slice('sha256:'.length);
    const running = this.#open.get(key);
    if (running !== undefined) return running;
    const { nonce } = state.open(key, { tool: call.tool.name, arguments: call.arguments });
    const begun = this.#begin(key, nonce, call);
    this.#open.set(key, begun);
    return begun;
  }

  /** The call that a client polls for, also one that another process of this proxy began; its tool and arguments, to be joined. */
  find(taskId: string): { tool: string; arguments: McpCall['arguments'] } | null {
    const [key = ''] = taskId.split('.');
    if (!/^[0-9a-f]{64}$/.test(key)) return null;
    const stored = this.#options.state.find(key);
    return stored === null || taskIdOf(key, stored.nonce) !== taskId ? null : stored;
  }

  /** The client got the result, so the same call is a new one now, unless the end of this one is still unknown. */
  delivered(call: GovernedCall): void {
    if (this.#open.get(call.key) !== call) return;
    this.#open.delete(call.key);
    if (call.ended) this.#options.state.close(call.key);
  }

  /** Stops waiting for humans, and lets running calls end. Open calls are kept: the same calls join them later. */
  async close(): Promise<void> {
    this.#ends.abort();
    await Promise.all([...this.#open.values()].map(({ result }) => result));
  }

  #begin(key: string, nonce: string, call: McpCall): GovernedCall {
    const listeners = new Set<(progress: Progress) => void>();
    let known: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (known = resolve));
    const result = this.#run(call, `mcp:${key}:${nonce}`, {
      onWaiting: (action) => {
        begun.waiting = action;
        known();
      },
      onProgress: (progress) => listeners.forEach((tell) => tell(progress)),
    }).then(({ ended, result: answer }) => {
      begun.settled = answer;
      begun.ended = ended;
      begun.waiting = null;
      known();
      return answer;
    });
    const begun: GovernedCall = {
      key,
      taskId: taskIdOf(key, nonce),
      result,
      settled: null,
      ended: false,
      waiting: null,
      listeners,
      asked,
    };
    return begun;
  }

  async #run(
    call: McpCall,
    key: string,
    { onWaiting, onProgress }: { onWaiting(action: Action): void; onProgress(progress: Progress): void },
  ): Promise<{ ended: boolean; result: ToolResult }> {
    const { client, upstream, settings, actor } = this.#options;
    const setting = Object.hasOwn(settings.tools, call.tool.name) ? settings.tools[call.tool.name] : undefined;
    try {
      const request = requestOfCall(call, { server: settings.server, actor, setting });
      const options = { key, onWaiting, signal: this.#ends.signal };
      const governed = await client.govern(request, options, async (released, { changes }) => {
        const other = uncarried(changes);
        if (other.length > 0)
          throw new Skip(`it was released with changes that a call cannot carry (${other.join(', ')})`);
        const answer = await upstream
          .call(call.tool, argumentsOf(released, setting), onProgress)
          .catch((error: unknown) => {
            throw isUnknownOutcome(error) ? new OutcomeUnknown('the MCP server gave no answer') : error;
          });
        if (answer.isError === true) throw new ToolFailed(answer);
        return answer;
      });
      const result = governed.status === 'executed' ? governed.value : answerResult(answerOf(governed));
      return { ended: governed.status !== 'waiting', result };
    } catch (error) {
      if (error instanceof ToolFailed) return { ended: true, result: error.result };
      const answer = answerOfError(error);
      return { ended: answer.code !== 'unavailable', result: answerResult(answer) };
    }
  }
}

/** The id that a client polls with. It distinguishes calls, and reveals nothing of the idempotency key. */
const taskIdOf = (key: string, nonce: string): string => `${key}.${hashOf(['task', nonce]).slice('sha256:'.length)}`;

type Ended = Exclude<Governed<ToolResult>, { status: 'executed' }>;

/** Why policy may later give another verdict on the same call. */
const PASSING = ['limit', 'error', 'unclear'];

function answerOf(ended: Ended): ToolAnswer {
  const action = 'action' in ended ? ended.action : null;
  const about = action === null ? {} : { action: action.id, records: action.records };
  switch (ended.status) {
    case 'refused': {
      const basis = action?.verdict?.basis ?? 'rule';
      const final = ended.final || (action !== null && !PASSING.includes(basis));
      const why = ended.reasons.join('; ') || 'policy refuses it';
      const next = final ? 'do not try again, and do not try another way' : 'it may be allowed later';
      return { code: 'refused', final, message: `${why}; ${next}`, basis, ...about };
    }
    case 'expired':
      return { code: 'expired', final: false, message: 'nobody approved it in time; nothing ran', ...about };
    case 'cancelled':
      return { code: 'cancelled', final: false, message: 'it was withdrawn; nothing ran', ...about };
    case 'lapsed':
      return { code: 'lapsed', final: false, message: 'it was approved and not run in time; nothing ran', ...about };
    case 'waiting':
      return { code: 'waiting', final: false, message: 'a human is awaited', ...about };
    case 'skipped':
      return { code: 'cancelled', final: false, message: `nothing ran: ${ended.reason}`, ...about };
    case 'already':
      if (ended.outcome === 'skipped') {
        return { code: 'cancelled', final: false, message: 'it was approved and skipped; nothing ran', ...about };
      }
      return {
        code: 'result-lost',
        final: true,
        message: `it ran before (${ended.outcome}), and its result was lost with the proxy; do not call it again for the same purpose`,
        outcome: ended.outcome,
        ...about,
      };
    case 'begun':
      return {
        code: 'outcome-unknown',
        final: true,
        message: 'it was begun and nobody knows whether it ran; do not call it again: an owner looks and settles it',
        ...about,
      };
  }
}

function answerOfError(error: unknown): ToolAnswer {
  if (error instanceof OutcomeUnknown) {
    return {
      code: 'outcome-unknown',
      final: true,
      message: 'the MCP server gave no answer in time, so it may have run; do not call it again: an owner settles it',
    };
  }
  if (error instanceof CountersignError) {
    const final = error.status !== null && error.status < 500 && error.status !== 429;
    const code =
      error.code === 'invalid-request' || error.code === 'body-too-large' ? 'invalid-arguments' : 'unavailable';
    return { code, final, message: `nothing ran: ${error.message}`, reason: error.code };
  }
  const what = error instanceof Error ? error.message : 'it failed';
  return { code: 'upstream-failed', final: false, message: `the MCP server refused the call: ${what}` };
}
