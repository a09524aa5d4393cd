import type { ValuePath } from './yaml.ts';

/** Fields of each part of a policy file, by the names that lead there (`*` for an index or a free name). For suggestions only. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '': [
    'policy',
    'description',
    'surfaces',
    'mode',
    'requires',
    'decimals',
    'limits',
    'holidays',
    'rules',
    'breakGlass',
    'disclose',
    'show',
    'amount',
    'currency',
    'effect',
    'refusalStands',
    'advice',
    'release',
    'notify',
    'outcome',
    'collectWithin',
    'permit',
    'retain',
    'authzen',
  ],
  'limits.*': ['key', 'sum', 'count', 'window', 'max'],
  'rules.*': ['id', 'when', 'then', 'because', 'notify', 'effect', 'log', 'approval', 'changes'],
  'rules.*.approval': ['stages', 'expires', 'extendUpTo', 'reason', 'fourEyes', 'mayChange', 'via'],
  'rules.*.approval.stages.*': ['name', 'approvers', 'quorum', 'refusals', 'remind', 'escalate', 'assurance'],
  'rules.*.approval.stages.*.escalate': ['after', 'to'],
  breakGlass: ['allow', 'review', 'limit'],
  'breakGlass.review': ['approvers', 'within'],
  'breakGlass.limit': ['max', 'window'],
  effect: ['kind', 'same'],
  'rules.*.effect': ['kind'],
  'advice.*': ['ask', 'stage'],
  release: ['after'],
  outcome: ['within'],
  authzen: ['resource', 'action', 'surface', 'as', 'subjects', 'fields'],
  'authzen.*': ['resource', 'action', 'surface', 'as', 'subjects', 'fields'],
};

/** Names that may stand in a map of a policy file. */
export function policyFields(place: ValuePath): readonly string[] {
  const free = place.map((step, index) =>
    typeof step === 'number' || place[index - 1] === 'limits' ? '*' : String(step),
  );
  return FIELDS[free.join('.')] ?? [];
}
