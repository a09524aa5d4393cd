import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { CountersignError, type Action, type ActionRequest, type JsonObject } from '../contract/index.ts';
import type { DraftedPayload, StoredPayload } from '../store/index.ts';
import { isEngineSurface } from './activation.ts';
import { prepareJudgment, refusedByFault, settled, type MadeJudgment, type PreparedJudgment } from './judgement.ts';
import { measured } from './measure.ts';
import { type ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { draftVerdict } from './draft-verdict.ts';
import { heldBack } from './held-back.ts';
import { endpointsOf } from './webhook-endpoints.ts';
import { identify } from './identify.ts';
import { keepReview } from './keep-review.ts';
import { readActionState, signDrafts, type SealedAction, type SignedDrafts } from './seal.ts';
import { readStart } from './start-input.ts';
import type { Judged, JudgeInput, StartedInput } from './types.ts';
import { freezeReasonIn } from './freeze.ts';
import { bodyMac, planWorkflowIdOf } from './ids.ts';
import { nonRetryable } from './failure.ts';
import { lastingFault } from './fault.ts';

/** A start that Temporal has not acknowledged yet. */
export interface StartOnItsWay {
  /** Rejects where this process did not start the action. */
  acknowledged: Promise<void>;
  /** Whether this process judges nothing else now, so that nobody is kept waiting by what is held until then. */
  isAlone(): boolean;
}

/** What the workflow has to know of a stored action. */
export function judgedOf(
  deps: Pick<EngineDeps, 'endpoints'>,
  state: ActionState,
  action: Action,
  { callback, execution }: Pick<ActionRequest, 'callback' | 'execution'>,
): Judged {
  const endpoints = endpointsOf(action.tenant, state.notify, deps.endpoints);
  const { plan, openedAt, outcomeWithinMs, permitMs, announced, review } = state;
  return {
    action,
    plan: state.approval === null ? null : plan,
    openedAt,
    outcomeWithinMs,
    permitMs,
    announced,
    callback: callback !== undefined,
    review: review === null || review.status === 'done' ? null : { openedAt, dueAt: review.dueAt },
    activates: isEngineSurface(state.surface),
    ...(state.releaseAfterMs === undefined ? {} : { held: true }),
    ...(endpoints.length === 0 ? {} : { hooks: endpoints }),
    ...(execution === undefined ? {} : { executes: true }),
    ...(state.step === undefined
      ? {}
      : { planWorkflow: planWorkflowIdOf(action.tenant, state.step.plan), quiet: true }),
  };
}

/**
 * Judges an action and seals the verdict; what is approved is released in the same append.
 *
 * Durable writes, in order: the payload under its own key; the reservations with the judgement, where a limit is asked; verdict,
 * release, permit and state in one transaction of the log. A crash after any of them leads, by running this again, to the same
 * answer: each write is found and used, never made twice. Where a start is on its way and nobody else is judged, they are one transaction,
 * which is open beside the start and committed with its acknowledgment.
 *
 * @param start Where it is still on its way: everything is read, judged and signed beside it, and written behind it, or held back beside it.
 */
export async function judge(deps: EngineDeps, started: StartedInput, start?: StartOnItsWay): Promise<Judged> {
  const beside = start ?? null;
  const held = beside === null ? deps : heldBack(deps, beside.acknowledged);
  const { input, request } = await readStart(held, started);
  try {
    return await judgeAndSeal(held, input, request, { lasting: null, beside });
  } catch (error) {
    const fault = lastingFault(error);
    if (fault === null) throw error;
    deps.log.error({ err: error, action: input.id, tenant: input.tenant }, 'an action is refused: it cannot be judged');
    return judgeAndSeal(held, input, request, { lasting: fault, beside });
  }
}

/** @param lasting Why this request is refused without being judged; null to judge it. */
async function judgeAndSeal(
  deps: EngineDeps,
  input: JudgeInput,
  request: ActionRequest,
  { lasting, beside }: { lasting: string | null; beside: StartOnItsWay | null },
): Promise<Judged> {
  // These queries run concurrently, because a caller waits. They start before the limits' locks are taken, so they never wait behind them.
  const look = deps.register.current(input.tenant);
  look.catch(() => undefined);
  const { requester, bundle: pinned, step, facts: known } = await identify(deps, input);
  const hash = pinned ?? (await deps.bundles.inForce(input.tenant));
  const bundle = hash === null ? null : await deps.bundles.compiled(input.tenant, hash);
  const covered = bundle !== null && bundle.surfaces.covering(request.surface).length > 0;
  const tried =
    request.execution === undefined ||
    lasting !== null ||
    !covered ||
    (known.conflict ?? freezeReasonIn(await look, request.surface, request.actor)) !== null
      ? { execution: undefined, fault: null }
      : await measured(deps, input.tenant, request);
  const drill = deps.register.drills.find(await look, input.tenant, input.id);
  const fault = lasting ?? tried.fault;
  const identity = { ...known, ...(tried.execution === undefined ? {} : { execution: tried.execution }) };
  const asked = { by: requester ?? UNKNOWN_CALLER, mac: macOf(input, request) };
  const payload = deps.store.payloads.draft(input.tenant, input.id, { request, asked });
  const prepared =
    fault === null
      ? await judgedOrDrilled(deps, bundle, input, look, identity, { isDrill: drill !== null, beside: beside !== null })
      : settled(refusedByFault(deps, bundle, request, identity, fault));
  const drafted = async (made: MadeJudgment, actionKey: Uint8Array, by = asked.by): Promise<Drafted> => {
    const draft = await draftVerdict(deps, {
      input,
      request,
      asked: { ...asked, by },
      bundle,
      step,
      identity,
      drill,
      fault,
      made,
      actionKey,
    });
    return { hidden: draft.hidden, signed: await signDrafts(deps, [draft.state, draft.drafts, draft.permit]) };
  };
  const written = await settling(prepared, payload, drafted, beside);
  const sealed = 'sealed' in written ? written.sealed : await sealSettled(deps, input, asked.by, written, drafted);
  if (sealed === null) return judgedBefore(deps, input);
  sameRequest(sealed.state, input, request);
  await keepReview(deps, { ...sealed.state, action: sealed.action });
  return judgedOf(deps, sealed.state, sealed.action, request);
}

/** Seals behind payload and reservations, which are written. Null where the payload was erased. */
async function sealSettled(
  deps: EngineDeps,
  input: JudgeInput,
  asker: string,
  { made, stored, ready }: Settled,
  drafted: (made: MadeJudgment, actionKey: Uint8Array, by: string) => Promise<Drafted>,
): Promise<SealedAction | null> {
  if (stored === null) return null;
  const by = await agreedAsker(deps, input, asker, stored.payload.asked?.by);
  const { hidden, signed } = by === asker && ready !== null ? ready : await drafted(made, stored.actionKey, by);
  // Stored before the record that commits to them.
  if (hidden !== null) {
    await deps.store.payloads.update(input.tenant, input.id, (before) => ({ ...before, changes: hidden }));
  }
  await made.committed;
  return signed.seal();
}

/**
 * Who asked, the same as in the stored payload. An earlier judgement may have stored it before its process died. A process with a wrong clock cannot
 * tell who asked. So a name replaces an unknown asker, and an unknown asker never replaces a name.
 */
async function agreedAsker(
  deps: EngineDeps,
  { tenant, id }: JudgeInput,
  by: string,
  before: string | undefined,
): Promise<string> {
  if (before === undefined || before === by) return by;
  if (by === UNKNOWN_CALLER) return before;
  if (before === UNKNOWN_CALLER) {
    await deps.store.payloads.update(tenant, id, (payload) =>
      payload.asked?.by === UNKNOWN_CALLER ? { ...payload, asked: { ...payload.asked, by } } : payload,
    );
  }
  return by;
}

/** A verdict that is signed, and what to keep beside its payload before it is sealed. */
interface Drafted {
  hidden: JsonObject | null;
  signed: SignedDrafts;
}

/** What is written of a judgement before its record. */
interface Settled {
  made: MadeJudgment;
  /** Null where it was erased. */
  stored: StoredPayload | null;
  /** Null where another judgement holds. */
  ready: Drafted | null;
}

/**
 * Signs what was judged early. Where this process is alone, all of it is held beside the start in one transaction, and sealed with the start's
 * acknowledgment; else payload and reservations are written.
 */
async function settling(
  prepared: PreparedJudgment,
  payload: DraftedPayload,
  drafted: (made: MadeJudgment, actionKey: Uint8Array) => Promise<Drafted>,
  beside: StartOnItsWay | null,
): Promise<Settled | { sealed: SealedAction }> {
  const { early } = prepared;
  try {
    const ready = early === null ? null : await drafted(early, payload.actionKey);
    const { alongside } = payload;
    if (ready !== null && ready.hidden === null && alongside !== undefined && beside?.isAlone() === true) {
      const holding = { alongside: [...prepared.alongside(), alongside], until: beside.acknowledged };
      const sealed = await ready.signed.hold(holding);
      if (sealed !== null) {
        prepared.sealed();
        return { sealed };
      }
    }
    const [made, stored] = await Promise.all([prepared.settle(), payload.store()]);
    return { made, stored, ready: made === early && stored?.actionKey === payload.actionKey ? ready : null };
  } finally {
    prepared.end();
  }
}

const NOBODY_ASKED = 'it was planted as a drill, and policy asks nobody about it; nothing of it happens';

/** A drill reserves nothing, and is refused where policy asks nobody. */
async function judgedOrDrilled(
  deps: EngineDeps,
  bundle: Parameters<typeof prepareJudgment>[1],
  input: JudgeInput,
  look: Parameters<typeof prepareJudgment>[3],
  identity: Parameters<typeof prepareJudgment>[4],
  { isDrill, beside }: { isDrill: boolean; beside: boolean },
): Promise<PreparedJudgment> {
  if (!isDrill) return prepareJudgment(deps, bundle, input, look, identity, { beside });
  const prepared = await prepareJudgment(deps, bundle, input, look, identity, { reserves: false });
  const decision = prepared.early?.judgement.verdict.decision;
  if (decision === 'supervise' || decision === 'refuse') return prepared;
  return settled(refusedByFault(deps, bundle, input.request, identity, NOBODY_ASKED));
}

/** The keyed hash that recognises a repeated body; a step has that of its plan. It can only refuse. */
const macOf = ({ mac, idempotencyKey }: JudgeInput, request: ActionRequest): string =>
  mac ?? bodyMac(idempotencyKey, request);

/** A closed workflow can be started again under its id. With another request it is refused. */
function sameRequest(stored: ActionState, input: JudgeInput, request: ActionRequest): void {
  if (stored.bodyMac === macOf(input, request)) return;
  throw nonRetryable(
    'this idempotency key was used for another request; use a new key for a new action',
    'idempotency-key-reused',
  );
}

/** The answer of a judged action whose payload was erased since. */
async function judgedBefore(deps: EngineDeps, input: JudgeInput): Promise<Judged> {
  const judged = await findJudged(deps, input);
  if (judged === null) throw new CountersignError('unavailable', 'the action could not be stored; try again');
  return judged;
}

/**
 * The verdict that is sealed already, or null.
 *
 * @throws ApplicationFailure that is not retried, when the workflow was started again with another request.
 */
export async function findJudged(deps: EngineDeps, started: StartedInput): Promise<Judged | null> {
  const { input, request } = await readStart(deps, started);
  const stored = await readActionState(deps, input.tenant, input.id);
  if (stored === null) return null;
  sameRequest(stored.state, input, request);
  await keepReview(deps, stored.state);
  return judgedOf(deps, stored.state, stored.state.action, request);
}
