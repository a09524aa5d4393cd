/** The guard in front of an agent's tools: a permit for these very arguments is redeemed inside `execute`, where no framework gets around it. */
import { Countersign, type CountersignOptions } from '../client.ts';
import { askUntil, govern, type Release } from '../govern.ts';
import type { Action, ActionRequest } from '../types.ts';
import { keyOfCall, releasedInput, callRequest, UnnamedCalls, type ToolCall, type ToolRules } from './calls.ts';
import { endingOf, ToolRefused, ToolWaiting, returnedBy } from './endings.ts';
import { checkInput } from './schema.ts';

export interface AgentGuardOptions extends CountersignOptions {
  /** Who acts: the id of an agent, or an actor in full. */
  actor: string | ActionRequest['actor'];
  /**
   * Separates the calls of one conversation from another's, such as a thread's id, because frameworks number calls anew in each. Without
   * it a call's own id has to be unique. The same session again is the same calls again, and none of them is executed twice.
   */
  session?: string;
  /** Milliseconds that a call waits in place for people. Default: 45 s, less than frameworks let a tool take. */
  wait?: number;
}

/** The state of a call before it is executed, for hooks, which only pause. */
export type CallStanding =
  | { status: 'released'; action: Action }
  | { status: 'waiting'; action: Action; ending: ToolWaiting }
  | { status: 'refused'; ending: ToolRefused };

export interface GuardedTool<Input extends object, Value, Schema> {
  name: string;
  /** The original, for the framework. */
  schema: Schema;
  /**
   * Executes what was released, once, or throws.
   *
   * @throws ToolWaiting · ToolRefused · CountersignError where the engine cannot be asked · what the tool itself throws
   */
  execute(input: Input, call?: ToolCall): Promise<Value>;
  /** Asks, and executes nothing. @throws CountersignError where the engine cannot be asked, which is a refusal */
  ask(input: Input, call?: ToolCall): Promise<CallStanding>;
}

export interface AgentGuard {
  tool<Input extends object, Value, Schema>(
    name: string,
    schema: Schema,
    execute: (input: Input, release: Release) => Value | Promise<Value>,
    rules?: ToolRules<Input>,
  ): GuardedTool<Input, Value, Schema>;
}

const WAIT_MS = 45_000;

/** Makes the guard of one agent. In every doubt it throws, and nothing is executed. */
export function createGuard({ actor, session = '', wait = WAIT_MS, ...options }: AgentGuardOptions): AgentGuard {
  const client = new Countersign(options);
  const who: ActionRequest['actor'] =
    typeof actor === 'string' ? { id: actor, type: actor.startsWith('service:') ? 'service' : 'agent' } : actor;
  return {
    tool: (name, schema, execute, rules = {}) =>
      new Tool({ client, actor: who, session, wait, name, rules, execute }, schema),
  };
}

interface ToolParts<Input extends object, Value> {
  client: Countersign;
  actor: ActionRequest['actor'];
  session: string;
  wait: number;
  name: string;
  rules: ToolRules<Input>;
  execute: (input: Input, release: Release) => Value | Promise<Value>;
}

class Tool<Input extends object, Value, Schema> implements GuardedTool<Input, Value, Schema> {
  readonly name: string;
  readonly schema: Schema;
  readonly #parts: ToolParts<Input, Value>;
  readonly #unnamed = new UnnamedCalls();

  constructor(parts: ToolParts<Input, Value>, schema: Schema) {
    this.name = parts.name;
    this.schema = schema;
    this.#parts = parts;
  }

  async execute(given: Input, call: ToolCall = {}): Promise<Value> {
    const { client, rules, execute, wait } = this.#parts;
    const { input, request, key } = await this.#read(given, call);
    const options = { ...waiting(key, call), timeout: call.wait ?? wait };
    try {
      const value = returnedBy(
        await govern(client, request, options, async (released, release) => {
          const carried = releasedInput(rules, released, release.changes, input);
          return execute(await checkInput(this.schema, carried), release);
        }),
      );
      this.#end(input, call);
      return value;
    } catch (error) {
      if (error instanceof ToolRefused) this.#end(input, call);
      throw endingOf(error);
    }
  }

  async ask(given: Input, call: ToolCall = {}): Promise<CallStanding> {
    const { request, key } = await this.#read(given, call);
    try {
      const asked = await askUntil(this.#parts.client, request, waiting(key, call), 0);
      return 'status' in asked ? returnedBy(asked) : { status: 'released', action: asked.action };
    } catch (error) {
      const ending = endingOf(error);
      if (ending instanceof ToolWaiting) return { status: 'waiting', action: ending.action, ending };
      if (ending instanceof ToolRefused) return { status: 'refused', ending };
      throw ending;
    }
  }

  async #read(given: Input, call: ToolCall): Promise<{ input: Input; request: ActionRequest; key: string }> {
    const { name, rules, actor, session } = this.#parts;
    const input = await checkInput(this.schema, given);
    const id = call.id ?? this.#unnamed.id(input);
    const key = await keyOfCall([actor.id, call.session ?? session, name, id]);
    return { input, request: callRequest(name, rules, actor, input), key };
  }

  #end(input: Input, call: ToolCall): void {
    if (call.id === undefined) this.#unnamed.end(input);
  }
}

const waiting = (key: string, { signal }: ToolCall): { key: string; signal?: AbortSignal } =>
  signal === undefined ? { key } : { key, signal };
