/** What is rendered, and the names that come back from Slack. */
export type * from '../../notify/approval-message.ts';
export type { Notice, ThreadEvent } from '../../notify/notifier.ts';

/** Version of everything in this folder that makes `text` and `blocks` of a message: sealed beside the hash of what was shown. */
export const RENDERER = 'slack/9';

/** Versions whose renderings can be reproduced. */
export const RENDERERS = ['slack/5', 'slack/6', 'slack/7', 'slack/8', RENDERER] as const;

/** Where it was shown: the message, the form of one action from a list, or the form of several actions together. */
export const SHOWN_VIEWS = ['message', 'open', 'alike'] as const;
export type ShownView = (typeof SHOWN_VIEWS)[number];

/** `action_id`s. */
export const ACTIONS = {
  /** Decides immediately. */
  approve: 'approve',
  approveForm: 'approve_form',
  refuseForm: 'refuse_form',
  returnForm: 'return_form',
  extendForm: 'extend_form',
  alikeForm: 'alike_form',
  /** Opens the form of a standing approval. */
  grantForm: 'grant_form',
  /** Ends a standing approval immediately; its value is the approval's id. */
  revokeGrant: 'revoke_grant',
  /** Decides the steps of a plan; its value is the plan's id. */
  planForm: 'plan_form',
  /** Opens everything about one action, with the decision inside. */
  openForm: 'open_form',
  /** Opens the form that lifts a freeze; its value is the freeze's id. */
  liftForm: 'lift_form',
  /** A link: Slack tells of it, and wants only an acknowledgement. */
  console: 'open_console',
} as const;

/** `callback_id`s of the modals. */
export const VIEWS = {
  approve: 'approve',
  refuse: 'refuse',
  return: 'return',
  extend: 'extend',
  alike: 'alike',
  grant: 'grant',
  open: 'open',
  lift: 'lift',
  plan: 'plan',
} as const;
export type ViewName = keyof typeof VIEWS;

/** `block_id`s of inputs; each element's `action_id` is `value`. */
export const INPUTS = {
  reason: 'reason',
  decision: 'decision',
  until: 'until',
  uses: 'uses',
  upTo: 'up_to',
  change: (index: number): string => `change_${index}`,
  alike: (index: number): string => `alike_${index}`,
  plan: (index: number): string => `plan_${index}`,
} as const;

/** How many fields an approver may change in one modal, and how many requests may be decided in one. */
export const MAX_CHANGES = 10;
export const MAX_ALIKE = 30;

/** The value of a button: only the action, and the rendering of it that was on the screen. */
export interface ButtonValue {
  action: string;
  revision: number;
  stage: number;
  /** True for a message in its plain form. */
  plain?: boolean;
}

export function buttonValue({ action, revision, stage, plain }: ButtonValue): string {
  const parts = [action.slice(0, 96), count(revision), count(stage)];
  return JSON.stringify(plain === true ? [...parts, 'plain'] : parts);
}

const count = (value: number): number => (Number.isSafeInteger(value) && value >= 0 ? value : 0);

/** Reads a value that came back from a client; null unless it is exactly one of ours. */
export function readButtonValue(value: unknown): ButtonValue | null {
  if (typeof value !== 'string' || value.length > 256) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return null;
  }
  if (!Array.isArray(parsed) || parsed.length < 3 || parsed.length > 4) return null;
  const [action, revision, stage, plain] = parsed as unknown[];
  if (parsed.length === 4 && plain !== 'plain') return null;
  if (typeof action !== 'string' || !/^[\w.:-]{1,96}$/.test(action)) return null;
  if (!Number.isSafeInteger(revision) || !Number.isSafeInteger(stage)) return null;
  if ((revision as number) < 0 || (stage as number) < 0) return null;
  const read = { action, revision: revision as number, stage: stage as number };
  return plain === undefined ? read : { ...read, plain: true };
}
