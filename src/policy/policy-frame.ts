import type { ActionRequest, Facts, JsonObject, Reservation } from '../contract/index.ts';
import { readAmount, readNumber } from './amounts.ts';
import type { CompiledBundle, CompiledPolicy } from './compiled.ts';
import type { Answer, Bindings, Frame } from './conditions/index.ts';
import { limitQuery, limitState, reservation } from './limits.ts';
import { readPath, writePath } from './paths.ts';
import type { VouchedRequest } from './vouched.ts';

/** A frame that also remembers what its policy asked for. */
export interface PolicyFrame extends Frame {
  /** Limits that were asked about and that this action fits, by name. */
  readonly asked: Map<string, Reservation>;
  /** Names of the limits that were asked about and did not fit. */
  readonly exceeded: Set<string>;
  /** Set when the request lacks something, so that an evaluation error means `unclear`. */
  unclear: string | null;
}

/** One request before one bundle: what is the same for all its policies. */
export interface Hearing {
  bundle: CompiledBundle;
  request: VouchedRequest;
  /** Null before facts are gathered. Everything that needs them then fails. */
  facts: Facts | null;
  nowMs: number;
  bindings: Bindings;
  /** True once this has taken longer than it may; the clock is the caller's. */
  late(): boolean;
}

const NO_FACTS = 'this needs facts, which are gathered after approvers are named';

/** Makes the frame in which one policy judges the request. `bindings` are the policy's own when it reads decimal strings. */
export function policyFrame(policy: CompiledPolicy, on: Hearing, bindings: Bindings): PolicyFrame {
  const { request, facts } = on;
  const frame: PolicyFrame = {
    request,
    bindings,
    steps: 0,
    work: 0,
    late: on.late,
    asked: new Map(),
    exceeded: new Set(),
    unclear: null,
    now() {
      if (facts === null) throw new Error(NO_FACTS);
      return on.nowMs;
    },
    limit(name) {
      const limit = policy.limits.find((one) => one.name === name);
      if (limit === undefined || facts === null)
        throw new Error(limit === undefined ? `there is no limit \`${name}\`` : NO_FACTS);
      const query = limitQuery(limit, request);
      if ('missing' in query || query.amount === null) {
        frame.unclear =
          'missing' in query
            ? query.missing
            : `limit \`${name}\` sums \`${limit.sum ?? ''}\`, which is no amount in the request`;
        throw new Error(frame.unclear);
      }
      const state = limitState({ ...query, amount: query.amount }, facts);
      if (state.fits) frame.asked.set(name, reservation(query, state.amount));
      else frame.exceeded.add(name);
      return state;
    },
    provenance(path) {
      const fields = request.context?.provenance ?? {};
      const said = Object.hasOwn(fields, path) ? fields[path] : undefined;
      if (said !== undefined) return said;
      frame.unclear = `nobody who may says where \`${path}\` came from (\`context.provenance\`)`;
      throw new Error(frame.unclear);
    },
    holidays(name) {
      const days = policy.holidays.get(name);
      if (days === undefined) throw new Error(`there is no holidays list \`${name}\``);
      return days;
    },
    engine(kind, name) {
      const ask = on.bundle.engines.get(`${kind}:${name}`);
      if (ask === undefined || facts === null) throw new Error(`${kind} policy \`${name}\` cannot be asked here`);
      const { surface, action, actor, resource, params, context } = request;
      return ask({ request: { surface, action, actor, resource, params, context }, now: facts.now });
    },
  };
  return frame;
}

/** Dotted paths that a policy requires and the request lacks: absent, null, or empty text. */
export function missingFields(policy: CompiledPolicy, request: ActionRequest): string[] {
  return policy.requires.filter((path) => {
    const value = readPath(request, path);
    return value === undefined || value === null || value === '';
  });
}

/**
 * Checks every amount that the policy declares, under `decimals` or as the `sum` of a limit. Answers the bindings to judge
 * by, with decimal strings as numbers; or a sentence when an amount is unclear.
 */
export function readAmounts(policy: CompiledPolicy, on: Hearing): Answer<Bindings> {
  let replaced: JsonObject | null = null;
  for (const path of policy.decimals) {
    const json = readPath(on.request, path);
    if (json === undefined || json === null) continue;
    const amount = readAmount(json);
    if (!amount.ok)
      return { ok: false, error: `\`${path}\` ${amount.why}; policy \`${policy.name}\` cannot compare it` };
    if (typeof json === 'string') {
      replaced = writePath(replaced ?? (on.request as unknown as JsonObject), path.split('.'), amount.value);
    }
  }
  for (const { sum } of policy.limits) {
    const json = sum === null ? undefined : readPath(on.request, sum);
    if (sum === null || json === undefined || json === null) continue;
    const amount = policy.decimals.includes(sum) ? readAmount(json) : readNumber(json);
    if (!amount.ok) return { ok: false, error: `\`${sum}\` ${amount.why}; policy \`${policy.name}\` cannot sum it` };
    if (amount.value < 0)
      return { ok: false, error: `\`${sum}\` is below zero; policy \`${policy.name}\` cannot sum it` };
  }
  if (replaced === null) return { ok: true, value: on.bindings };
  const bindings = on.bundle.conditions.bind(replaced as unknown as ActionRequest, () => on.facts?.now ?? '');
  return { ok: true, value: bindings };
}
