/** Turns the arguments of an activity into a request, and a released request back into arguments. */
import type { ActionRequest, JsonObject } from '@countersign/client';
import type { Info } from '@temporalio/activity';
import { refused } from './failures.ts';

/** One activity that runs only when it is released. */
export interface Designation {
  surface: string;
  action: string;
  /** What policy reads, from the activity's arguments. Default: its one argument, where that is an object. */
  params?: (...args: never[]) => JsonObject;
  resource?: (...args: never[]) => NonNullable<ActionRequest['resource']>;
  context?: (...args: never[]) => NonNullable<ActionRequest['context']>;
  /**
   * The activity's arguments, from the request as released. Needed only where `params` renames or computes: by default each released param
   * replaces the field of that name in the one argument.
   */
  args?: (released: ActionRequest, asked: readonly unknown[]) => unknown[];
  /** The executor's own id of what was done, from what the activity returned. */
  reference?: (result: never) => string | undefined;
}

export function requestOf(
  { surface, action, params, resource, context }: Designation,
  actor: ActionRequest['actor'],
  args: readonly unknown[],
): ActionRequest {
  const given = args as never[];
  return {
    surface,
    action,
    actor,
    params: params === undefined ? onlyObject(args, surface) : params(...given),
    ...(resource === undefined ? {} : { resource: resource(...given) }),
    ...(context === undefined ? {} : { context: context(...given) }),
  };
}

/** The arguments for the request as released. @throws ApplicationFailure when they cannot be made; nothing may run then */
export function argsOf(
  { args: make, surface }: Designation,
  asked: ActionRequest,
  released: ActionRequest,
  args: readonly unknown[],
): unknown[] {
  if (make !== undefined) return make(released, args);
  if (sameJson(asked, released)) return [...args];
  const [given] = args;
  const [before, after] = [asked.params ?? {}, released.params ?? {}];
  const fits =
    args.length === 1 &&
    isObject(given) &&
    sameJson({ ...asked, params: null }, { ...released, params: null }) &&
    Object.keys(before).every((name) => sameJson(given[name], before[name]));
  if (!fits) {
    throw refused(
      `the request was released with changes that the arguments of this activity cannot carry by themselves; give \`args\` for \`${surface}\``,
    );
  }
  return [{ ...given, ...after }];
}

/** One key for one scheduled activity: its retries are the same action. */
export function scheduledActivityKey({ namespace, workflowExecution, activityId, activityRunId }: Info): string {
  const run = workflowExecution ?? { workflowId: 'standalone', runId: activityRunId ?? '' };
  return `temporal:${namespace}:${run.workflowId}:${run.runId}:${activityId}`;
}

/** The engine's id of the action with this key (contract section 4). */
export async function actionIdOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  return `act_${Buffer.from(digest).toString('hex')}`;
}

/** The redeemer. All attempts of one scheduled activity share it, and nobody can compute it without the API key. */
export async function redeemerOf(apiKey: string, key: string): Promise<string> {
  const text = new TextEncoder();
  const secret = await crypto.subtle.importKey('raw', text.encode(apiKey), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const mac = await crypto.subtle.sign('HMAC', secret, text.encode(`countersign temporal redeemer v1\n${key}`));
  return Buffer.from(mac).toString('base64url');
}

function onlyObject(args: readonly unknown[], surface: string): JsonObject {
  const [given] = args;
  if (args.length === 1 && isObject(given)) return given as JsonObject;
  throw refused(`this activity does not take one object; give \`params\` for \`${surface}\``);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Equal as JSON, whatever the order of names. */
function sameJson(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) {
    if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other);
    return one.length === other.length && one.every((item, i) => sameJson(item, other[i]));
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => sameJson(one[name], other[name]));
}
