/** A call of a tool as a request, and as one key. */
import { Skip } from '../errors.ts';
import type { ActionRequest, Json, JsonObject } from '../types.ts';

/** How a tool's input becomes a request, and a released request becomes input. */
export interface ToolRules<Input> {
  /** Default: `agent.` and the tool's name in lower case. */
  surface?: string;
  /** Default: `tool.call`. */
  action?: string;
  /** What policy reads. Default: the input. */
  params?: (input: Input) => JsonObject;
  resource?: (input: Input) => NonNullable<ActionRequest['resource']>;
  context?: (input: Input) => NonNullable<ActionRequest['context']>;
  content?: (input: Input) => JsonObject;
  /** The input for the request as released. Needed only where `params` renames or computes. */
  input?: (released: ActionRequest, asked: Input) => Input;
}

/** One call of a tool, as its framework names it. */
export interface ToolCall {
  /** The call's own id. Without one, the same input is the same call until it ended. */
  id?: string;
  /** The conversation that it belongs to, where one guard serves several. */
  session?: string;
  /** Milliseconds to wait in place for people. */
  wait?: number;
  signal?: AbortSignal;
}

export function callRequest<Input extends object>(
  name: string,
  rules: ToolRules<Input>,
  actor: ActionRequest['actor'],
  input: Input,
): ActionRequest {
  const { surface, action, params, resource, context, content } = rules;
  return {
    surface: surface ?? `agent.${name.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-')}`,
    action: action ?? 'tool.call',
    actor,
    params: params === undefined ? plain(input) : params(input),
    ...(resource === undefined ? {} : { resource: resource(input) }),
    ...(context === undefined ? {} : { context: context(input) }),
    ...(content === undefined ? {} : { content: content(input) }),
  };
}

/** The input for the request as released: what was changed reaches the tool, or nothing runs. @throws Skip */
export function releasedInput<Input extends object>(
  rules: ToolRules<Input>,
  released: ActionRequest,
  changes: JsonObject | null,
  asked: Input,
): Input {
  if (rules.input !== undefined) return rules.input(released, asked);
  if (changes === null) return asked;
  const carried = rules.params === undefined && Object.keys(changes).every((path) => path.startsWith('params.'));
  if (carried) return { ...asked, ...released.params };
  throw new Skip('it was released with changes that its input cannot carry by itself; give the tool’s rules `input`');
}

const plain = (input: object): JsonObject => JSON.parse(JSON.stringify(input)) as JsonObject;

/** Calls without an id. The same input is the same call while it waits, and a new call after it ended. */
export class UnnamedCalls {
  readonly #ended = new Map<string, number>();

  id(input: object): string {
    const text = textOf(input);
    return `${text}:${this.#ended.get(text) ?? 0}`;
  }

  end(input: object): void {
    const text = textOf(input);
    this.#ended.set(text, (this.#ended.get(text) ?? 0) + 1);
  }
}

const textOf = (input: object): string => JSON.stringify(sorted(plain(input)));

/** Whatever the order of names. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return names.map((name) => [name, sorted(value[name] ?? null)]);
}

/** One key for one call. */
export async function keyOfCall(parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(parts)));
  return `tool:${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
