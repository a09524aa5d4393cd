/** What a verdict and a release seal. Nothing here is released, and nothing is written. */
import { randomUUID } from 'node:crypto';
import { addDecimals, formatDecimal, hashOf, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { Action, ActionRequest, Facts, Judgement, ReleaseRecord, VerdictRecord } from '../contract/index.ts';
import { approvalView, openApproval } from '../approval/index.ts';
import { applyChanges } from '../policy/index.ts';
import { discloseRequest, requestHash, signPermit } from '../sealing/index.ts';
import { isEngineSurface } from './activation.ts';
import { bodyMac, recordActor } from './asked.ts';
import { sealPermit, type Course } from './course.ts';
import type { ActivityDeps } from './deps.ts';
import { sealedFacts, type Found } from './facts.ts';
import { nextHead, type CourseDraft, type Draft } from './seal.ts';
import type { JudgeInput } from './types.ts';

const exact = (text: string): Decimal => parseDecimal(text, Infinity);

function left(max: string, used: string, amount: string): string {
  const taken = addDecimals(exact(used), exact(amount));
  return formatDecimal(addDecimals(exact(max), { units: -taken.units, scale: taken.scale }));
}

/** What each limit leaves after this action, as approvers are shown it. */
function limitsLeft(judgement: Judgement, facts: Facts): Course['limits'] {
  return judgement.reservations.map(({ limit, key, amount, max }) => {
    const used =
      facts.limits.find((fact) => fact.limit === limit && fact.key.join('\n') === key.join('\n'))?.used ?? '0';
    return { label: limit, left: left(max, used, amount), max };
  });
}

export interface VerdictDraftInput {
  input: JudgeInput;
  request: ActionRequest;
  requester: string;
  found: Found;
  actionKey: Uint8Array;
}

/** The record of a verdict and the course that begins with it; what is approved is released by the next record, with its permit. */
export async function draftVerdict(
  deps: ActivityDeps,
  { input, request, requester, found, actionKey }: VerdictDraftInput,
): Promise<CourseDraft> {
  const { judgement, facts, counted } = found;
  const { verdict, plan } = judgement;
  const at = deps.now();
  const openedAt = Date.parse(facts.now);
  const shown = discloseRequest(request, judgement.disclose, actionKey);
  const { disclosed, commitments } = shown;
  const supervised = verdict.decision === 'supervise' && plan !== null;
  const releases = verdict.decision === 'approve' || verdict.decision === 'constrain';
  const approval = supervised ? openApproval(plan, openedAt) : null;
  const action: Action = {
    id: input.id,
    tenant: input.tenant,
    status: supervised ? 'supervised' : releases ? 'released' : 'refused',
    requestHash: requestHash(request, actionKey),
    verdict,
    approval: approval === null ? null : approvalView(approval),
    permit: null,
    records: [],
    createdAt: input.createdAt,
    updatedAt: at.toISOString(),
  };
  const actor = recordActor(request.actor);
  const record: VerdictRecord = {
    ...nextHead(action, 'verdict', at.toISOString()),
    surface: request.surface,
    verb: request.action,
    actor,
    verdict,
    observed: judgement.observed,
    facts: sealedFacts({ facts, counted }, request, shown, actionKey, 0),
    plan,
    disclosed,
    commitments,
  };
  const course: Course = {
    action,
    surface: request.surface,
    verb: request.action,
    actor,
    requester,
    bodyMac: bodyMac(input.idempotencyKey, request),
    disclosed,
    withheld: Object.keys(commitments).length,
    limits: limitsLeft(judgement, facts),
    notify: judgement.notify,
    plan,
    approval,
    openedAt,
    outcomeWithinMs: judgement.outcomeWithinMs,
    permitMs: judgement.permitMs,
    retainMs: judgement.retainMs,
    announced: supervised || judgement.review !== null,
    review:
      judgement.review === null
        ? null
        : {
            reviewers: judgement.review.approvers,
            refs: judgement.review.refs,
            dueAt: openedAt + judgement.review.withinMs,
            status: 'open',
            result: null,
            by: judgement.review.by,
            reason: judgement.review.reason,
          },
    outcome: null,
  };
  const drafts: Draft[] = [{ record }];
  let permit: { sealed: string; clear: string } | null = null;
  if (releases) {
    const changed = verdict.changes === null ? request : applyChanges(request, verdict.changes);
    const release = await draftRelease(deps, {
      course: { ...course, action: { ...action, records: [hashOf(record)] } },
      basis: verdict.basis === 'break_glass' ? 'break_glass' : verdict.mode === 'observe' ? 'observe' : 'rule',
      request: changed,
      changes: verdict.changes,
      actionKey,
      rejudged: null,
      at,
    });
    drafts.push(release.draft);
    // What the engine carries out itself needs no permit outside of it.
    permit = isEngineSurface(request.surface) ? null : release.permit;
  }
  return { course, drafts, permit };
}

export interface ReleaseDraftInput {
  course: Course;
  basis: ReleaseRecord['basis'];
  /** The request as it may now be executed. */
  request: ActionRequest;
  changes: Record<string, unknown> | null;
  actionKey: Uint8Array;
  rejudged: ReleaseRecord['rejudged'];
  at: Date;
}

/** The record of a release and the permit bound to it. Nothing is released until the record is sealed. */
export async function draftRelease(
  deps: ActivityDeps,
  input: ReleaseDraftInput,
): Promise<{ draft: Draft; permit: { sealed: string; clear: string } }> {
  const { course, request, at } = input;
  const { tenant, id } = course.action;
  const signer = deps.signers(tenant).permit;
  const iat = Math.floor(at.getTime() / 1000);
  const exp = iat + Math.max(1, Math.floor(course.permitMs / 1000));
  const jti = randomUUID();
  const req = requestHash(request, input.actionKey);
  const expiresAt = new Date(exp * 1000).toISOString();
  const record: ReleaseRecord = {
    ...nextHead(course.action, 'release', at.toISOString()),
    surface: course.surface,
    basis: input.basis,
    permit: { jti, kid: signer.kid, expiresAt, audience: course.surface, requestHash: req },
    rejudged: input.rejudged,
  };
  const clear = await signPermit(
    {
      iss: deps.issuer,
      aud: course.surface,
      sub: course.actor.id,
      iat,
      nbf: iat,
      exp,
      jti,
      tenant,
      act: id,
      req,
      ...(input.changes === null ? {} : { changes: input.changes as never }),
      ...(request.resource?.version === undefined ? {} : { ver: request.resource.version }),
      rec: hashOf(record),
    },
    signer,
  );
  return {
    draft: { record, permit: { jti, audience: course.surface, requestHash: req, expiresAt } },
    permit: { clear, sealed: sealPermit(input.actionKey, tenant, id, clear) },
  };
}
