/** The console's texts about verification. */

export const PROOF_WORDS = {
  verify: {
    title: 'Verify in this page',
    hint: 'Your browser fetches every record with its proof and checks them by itself, with the program that the command line uses.',
    go: 'Verify now',
    busy: 'Verifying…',
    good: 'Everything holds.',
    badTitle: 'IT DOES NOT HOLD',
    badText:
      'Something here is not what was sealed. Do not rely on this page; keep the receipts and verify them on the command line.',
    engine: (engine: string) => `Checked with ${engine}.`,
    published:
      'Against the keys that this server publishes: pin keys in Settings that came to you by another way, for this page comes from the same machine.',
    pinned: 'Against the keys that you pinned.',
    pinDiffers: 'The keys that this server publishes are not those that you pinned.',
    summary: (good: number, of: number) => `${good} of ${of} hold.`,
  },
  log: {
    broken: 'THE LOG DOES NOT VERIFY',
    brokenText:
      'What these pages show may not be what was sealed. Do not rely on it: keep what you have, and run `countersign audit` with keys of your own.',
    brokenMore: (count: number) => `and ${count} more`,
    checked: (size: number, at: string) =>
      `The server read all ${size.toLocaleString('en')} entries and found nothing wrong at ${at}.`,
    reading: (at: number, size: number) =>
      `The server is reading the log: entry ${at.toLocaleString('en')} of ${size.toLocaleString('en')}.`,
    sentence: (origin: string, size: number, witnesses: readonly string[], behind: number) =>
      [
        `The log ${origin} has ${size.toLocaleString('en')} entries under its newest checkpoint`,
        witnesses.length === 0
          ? ', which no witness has signed beside it.'
          : `, which ${witnesses.join(', ')} signed as well.`,
        behind > 0
          ? ` These pages are ${behind.toLocaleString('en')} entries behind it.`
          : ' These pages include all of them.',
      ].join(''),
  },
  rows: {
    mark: 'BROKEN',
    title: (count: number) =>
      count === 1 ? 'ONE ROW IS NOT WHAT ITS RECORDS SAY' : `${count} ROWS ARE NOT WHAT THEIR RECORDS SAY`,
    text: 'Somebody changed what lists and reports show. The sealed records stand: open the action, verify it there, and run `countersign projection check`.',
    differs: (columns: readonly string[]) => `not as sealed: ${columns.join(', ')}`,
    inserted: 'no record of it is sealed',
    failed: 'These rows could not be compared with their records, so they may show something else than was sealed.',
  },
};
