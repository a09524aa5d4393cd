/** What a message of `slack/7` held whole: characters and numbers of each part. */
export const HOLDS = {
  verb: 56,
  resource: 120,
  party: 80,
  parties: 4,
  facts: 12,
  label: 60,
  value: 2000,
  reasons: 3,
  reason: 500,
  decisions: 5,
  word: 300,
  changes: 3,
  changed: 60,
} as const;
