/** The files of an evidence archive (docs/evidence.md). Every file can be derived from what is signed. */

export const ARCHIVE_FILES = {
  readme: 'README.md',
  /** The receipt of the record that says what was exported. */
  receipt: 'export.receipt.json',
  records: 'records.jsonl',
  csv: 'records.csv',
  report: 'report.html',
  /** SHA-256 of every other file, as `sha256sum` writes it. */
  sums: 'SHA256SUMS',
  recordKeys: 'keys/record-keys.jwks.json',
  logKey: 'keys/log.vkey',
  keyHistory: 'keys/key-history.json',
  checkpoint: 'log/checkpoint',
  /** The key history again, where an audit of `log/` looks for it. */
  logKeyHistory: 'log/keys.json',
} as const;

/** File of a record's receipt. @param hash `sha256:…` of the record */
export const receiptPath = (hash: string): string => `receipts/${hash.replace('sha256:', '')}.json`;

/** File of a list of people: the root of their tree is its name. @param entry `people:COUNT:sha256:ROOT`, which stands for it in records */
export const peoplePath = (entry: string): string => `people/${entry.replace(/^.*:/, '')}.json`;

/** File of a policy bundle: its SHA-256 is its name. @param hash `sha256:…` of the bundle */
export const policyPath = (hash: string): string => `policies/${hash.replace('sha256:', '')}.json`;
