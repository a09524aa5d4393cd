/**
 * `README.md` of an archive: what is in it, and the exact commands that check it. An archive is called a bundle here, as when the first ones were
 * made: the verifier prints this text anew and compares it byte for byte, so another word would make each of them an altered one.
 */
import { isWholeLog } from './body.ts';
import { ARCHIVE_FILES } from './files.ts';
import type { ReportHead } from './report.ts';

/** Names and filters come from strangers, so nothing in them is treated as Markdown. */
const code = (text: string): string =>
  `\`${text.replaceAll(/[`\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')}\``;

export function archiveReadme({ body, by, at, record }: ReportHead): string {
  const { filter, records, digest, log } = body;
  const whole = isWholeLog(body);
  const filters = Object.entries(filter).map(([name, value]) => `- ${name}: ${code(value)}`);
  return `# Evidence bundle
${body.warning === undefined ? '' : `\n**When this was exported**, ${code(body.warning)}.\n`}
- Log: ${code(log.origin)}, ${log.size} entries when this was asked for
- Asked for by ${code(by)} at ${at}
- ${records} records, ${whole ? 'the whole log' : 'every action with a record that fits'}
${whole ? '' : `${filters.map((line) => `  ${line}`).join('\n')}\n`}- Sealed in the log as ${code(record)}
- Digest of the records: ${code(digest)}

## Check it

You need Countersign's command line, and two public keys **from somewhere else than this bundle**: from the first time you dealt with this log,
from its operator's auditor, or from \`countersign keys export\` at a time you trusted. The keys in \`keys/\` are here for comparison; keys that
lie beside the evidence prove nothing about it.

\`\`\`sh
countersign verify BUNDLE.tar.gz --key record-keys.jwks.json --log-key log.vkey
\`\`\`

checks the archive as it is; \`countersign verify FOLDER …\` does the same once it is unpacked. It needs no network and no server, and
exits with 0 when everything holds and with 3 when anything does not, naming each file and the reason. With keys of an earlier time it follows
\`${ARCHIVE_FILES.keyHistory}\` to those of today; nothing of that history is believed but what your keys prove.
${
  whole
    ? `
\`\`\`sh
countersign audit --bundle FOLDER --key record-keys.jwks.json --log-key log.vkey --state audit.json
\`\`\`

audits the log itself from its first entry to its last, and remembers its checkpoint: the next audit proves that nothing was rewritten.
`
    : ''
}
\`\`\`sh
countersign verify receipts/HASH.json --key record-keys.jwks.json --log-key log.vkey
countersign replay receipts/HASH.json --bundle policies/HASH.json --request request.json
\`\`\`

check one record by itself, and judge its request again. \`sha256sum -c ${ARCHIVE_FILES.sums}\` says whether a file was damaged on its way; whoever
alters a file can write that list anew, so it proves nothing more.

## What is in it

| file | is | bound to the log by |
| --- | --- | --- |
| \`${ARCHIVE_FILES.receipt}\` | the receipt of the record that says what was exported, by whom and when | signature, inclusion proof |
| \`${ARCHIVE_FILES.records}\` | a line for each record, in the order of the log: index, hash, record, signed envelope | digest in the export's record |
| \`receipts/HASH.json\` | the receipt of each record | signature, inclusion proof |
| \`policies/HASH.json\` | each policy bundle that a record names, as canonical JSON | its SHA-256 is its name |
| \`${ARCHIVE_FILES.csv}\` | the records as a table | made again from the records |
| \`${ARCHIVE_FILES.report}\` | the records as a report to read and print | made again from the records |
| \`keys/\` | record keys, log key, and how each came into use | hash in the export's record, receipts |
| \`log/\` | the signed checkpoint${whole ? ', every tile and entry' : ''} (C2SP tlog-tiles) | signature${whole ? ', root' : ''} |
| \`${ARCHIVE_FILES.sums}\` | SHA-256 of every file | |

## What it does not prove

- That the log shows everybody the same history: compare \`${ARCHIVE_FILES.checkpoint}\` with what others have, or with its witnesses.
- That no later record of these actions exists.
- What a record holds only as a commitment: ask for its opening (\`countersign open\`).${
    whole
      ? ''
      : "\n- That no other action fits the filter: that is the operator's word, sealed with its count. Ask for the whole log to see for yourself."
  }
`;
}
