/** `countersign start --auto`: answers in place of approvers, so that a project's tests need no human and no Slack. */
import { CountersignError, DEFAULT_TENANT, isCountersignError, type Action } from '../contract/index.ts';
import type { Hub } from '../engine/hub.ts';
import type { Approvals, Authentication } from '../gateway/types.ts';
import { issuePersonToken } from '../identity/index.ts';
import { isLoopback, type Config } from './config.ts';
import type { Parts } from './parts.ts';

/** What is answered; `ask` leaves it to the Slack sandbox. */
export const AUTO_ANSWERS = ['approve', 'refuse', 'ask'] as const;
export type AutoAnswer = (typeof AUTO_ANSWERS)[number];

const REASON = 'answered by `countersign start --auto`';

/** @throws CountersignError where real people are asked */
export function refuseAutoAmongPeople({ slack, host }: Config, answer: AutoAnswer): void {
  if (answer === 'ask' || (slack === null && isLoopback(host))) return;
  throw new CountersignError(
    'configuration',
    `\`--auto ${answer}\` answers for the approvers, for tests on one machine; leave it out, or unset SLACK_BOT_TOKEN and COUNTERSIGN_HOST`,
  );
}

export interface AutoApprover {
  /** Returns a hub that also hands over every action that waits for a human. */
  watch(hub: Hub): Hub;
  /** Starts answering everyone who waits. */
  answerThrough(gateway: Approvals & Authentication, parts: Pick<Parts, 'keys' | 'directory' | 'log'>): void;
}

/** Decides as the approvers of the open stage, one after the other, through the door of the command line. Null for `ask`. */
export function createAutoApprover(answer: AutoAnswer): AutoApprover | null {
  if (answer === 'ask') return null;
  /** Answered states, because the hub may announce the same state more than once. */
  const answered = new Set<string>();
  let decide: (action: Action) => void = () => undefined;
  return {
    watch: (hub) => ({
      emit(action) {
        hub.emit(action);
        if (action.status === 'supervised') decide(action);
      },
      on: (tenant, id, listener) => hub.on(tenant, id, listener),
    }),
    answerThrough(gateway, { keys, directory, log }) {
      const answerFor = async (person: string, id: string): Promise<void> => {
        const token = await issuePersonToken(keys.attestation, {
          person,
          tenant: DEFAULT_TENANT,
          directory: directory.current(DEFAULT_TENANT),
          now: Date.now(),
        });
        const caller = await gateway.authenticate(`Bearer ${token}`);
        await gateway.whole(caller, id);
        await gateway.decide(caller, id, { decision: answer, reason: REASON }, 'cli');
      };
      decide = ({ id, approval }) => {
        const stage = approval?.stages[approval.stage];
        const decided = stage?.decisions.map(({ by }) => by) ?? [];
        const person = stage?.approvers.find((approver) => !decided.includes(approver));
        const state = `${id} ${approval?.stage} ${decided.length}`;
        if (person === undefined || answered.has(state)) return;
        answered.add(state);
        answerFor(person, id).catch((error: unknown) => {
          // Somebody else decided meanwhile, so there is nothing to answer.
          if (isCountersignError(error) && error.code === 'not-open') return;
          log.error({ err: error, action: id }, 'the automatic answer was not taken');
        });
      };
    },
  };
}
