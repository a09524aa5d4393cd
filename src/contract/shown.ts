/** What a message about an action shows whole. Beyond it the approver opens the whole, and until then an approval does not count. */

/** Characters and numbers that a message holds of each part. The renderers never cut what is within them. */
export const MESSAGE_HOLDS = {
  verb: 56,
  amount: 40,
  resource: 120,
  /** Name or id of somebody who acts. */
  party: 80,
  parties: 4,
  facts: 12,
  label: 60,
  value: 2000,
  reasons: 3,
  reason: 500,
  decisions: 5,
  /** Why somebody decided. */
  word: 300,
  /** Of one decision. */
  changes: 3,
  changed: 60,
  /** Characters of all of them together. */
  all: 6500,
} as const;

/** Renders the full content of an action for the API and the command line: the canonical JSON of its model. */
export const WHOLE_RENDERER = 'whole/1';

/** Policy's disclosed and shown values of an action, for approvers at a door that renders nothing. */
export const MODEL_RENDERER = 'model/1';

export const WHOLE_KIND = 'countersign.whole/1';
export const OFFERED_KIND = 'countersign.offered/1';
