/** Shared by the verbs about actions: reading an answer, waiting for a human, and printing the state. */
import { CountersignError, actionSchema, type Action } from '../contract/index.ts';
import { readAnswer } from './answers.ts';
import { callPatiently, withHint, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';

/** Seconds that one long poll asks the server to hold its answer. */
export const POLL_SECONDS = 60;

const ACTION_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** The API path of an action, from the typed id. */
export function actionPath(id: string): string {
  if (!ACTION_ID.test(id))
    throw new CountersignError(
      'invalid-request',
      `\`${id}\` is not an action’s id; it looks like \`act_…\`, as \`countersign request\` prints it`,
    );
  return `v1/actions/${id}`;
}

/** @throws CountersignError `unavailable` when the server's answer is not an action. */
export const parseAction = (body: unknown): Action => readAnswer(actionSchema, body);

/** Asks for an action under its key; a refusal is an answer about the action, not an error. */
export async function askFor(
  io: Io,
  connection: ApiConnection,
  { path, body, key }: { path: string; body: object; key: string },
): Promise<Action> {
  try {
    const headers = { 'idempotency-key': key };
    return parseAction(
      await callPatiently(connection, { method: 'POST', path, body, headers }, { note: io.err, answered: false }),
    );
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const refused = error.extensions['action'];
    if (error.code === 'action-refused' && refused !== undefined) return parseAction(refused);
    // It may have started. Only the same key makes it safe to ask again.
    if (error.code === 'unavailable') {
      throw withHint(error, `to ask for the same action again, add \`--idempotency-key ${key}\``);
    }
    throw error;
  }
}

/** True while a human or the engine itself has to act. */
export function isUndecided(action: Action): boolean {
  return action.status === 'supervised' || action.status === 'evaluating';
}

/**
 * Waits until the action is closed, by long polls.
 *
 * @param seconds How long at most; null is until it is closed.
 * @returns The action as it then is, perhaps still open.
 */
export async function waitUntilClosed(
  io: Io,
  connection: ApiConnection,
  action: Action,
  seconds: number | null,
): Promise<Action> {
  const end = seconds === null ? Infinity : io.now() + seconds * 1000;
  let latest = action;
  while (isUndecided(latest)) {
    const left = Math.ceil((end - io.now()) / 1000);
    if (left <= 0) break;
    const wait = Math.min(POLL_SECONDS, left);
    latest = parseAction(
      await callPatiently(connection, { path: actionPath(action.id), wait }, { note: io.err, answered: true }),
    );
  }
  return latest;
}

/** The state of an action for a person: one line, then the details that matter. */
export function describeAction(action: Action): string[] {
  const { verdict, approval } = action;
  const lines = [`${action.id}  ${SAID[action.status]}`];
  if (verdict !== null) {
    const rule = [verdict.policy, verdict.rule].filter((part) => part !== null).join(' / ');
    lines.push(`  verdict    ${verdict.decision} (${verdict.basis}${rule === '' ? '' : `: ${rule}`})`);
    for (const reason of verdict.reasons) lines.push(`             ${reason}`);
    if (verdict.changes !== null) lines.push(`  changes    ${JSON.stringify(verdict.changes)}`);
  }
  approval?.stages.forEach((stage, index) => {
    const approvals = stage.decisions.filter(({ decision }) => decision === 'approve').length;
    const waiting = index === approval.stage && isUndecided(action) ? ' ← waiting' : '';
    lines.push(
      `  stage      ${stage.name}: ${approvals} of ${stage.quorum} from ${stage.approvers.join(', ')}${waiting}`,
    );
    for (const { by, decision, via, at, reason } of stage.decisions) {
      lines.push(`             ${by}: ${decision} at ${at} via ${via}${reason === null ? '' : `: ${reason}`}`);
    }
  });
  if (approval !== null && isUndecided(action)) lines.push(`  expires    ${approval.expiresAt}`);
  if (action.permit !== null) lines.push(`  permit     ${action.permit}`);
  const newest = action.records.at(-1);
  if (newest !== undefined) lines.push(`  record     ${newest}`);
  return lines;
}

const SAID: Record<Action['status'], string> = {
  evaluating: 'is being judged',
  supervised: 'waits for a human',
  released: 'is released',
  executed: 'is executed',
  failed: 'was released, and its execution failed',
  skipped: 'was released, and its executor skipped it',
  unreported: 'was released, and no outcome was reported',
  lapsed: 'was released, and nobody collected it in time: nothing happened',
  refused: 'is refused',
  expired: 'expired: nobody decided in time',
  cancelled: 'was withdrawn by its requester',
};

/** Prints the action, as JSON or for a person. */
export function printAction(io: Io, action: Action, { json }: { json?: boolean } = {}): void {
  if (json === true) io.json(action);
  else for (const line of describeAction(action)) io.out(line);
}
