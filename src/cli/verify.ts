/** `countersign verify`: checks receipts, archives and folders offline, with nothing but two public keys. */
import type { Command } from 'commander';
import { isCanonicalError, readSealed } from '../canonical/index.ts';
import type { Trust, VerifiedReceipt } from '../sealing/index.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { readKeyHistory, readLogKeys, readRecordKeys } from './trust.ts';
import { collectValues, readText, usage } from './values.ts';
import type { Held } from './evidence.ts';

interface VerifyOptions {
  key?: string[];
  logKey?: string[];
  witnessKey?: string[];
  open?: string[];
  shown?: string[];
  keyHistory?: string;
  json?: boolean;
}

/** One receipt that does not hold. */
interface Failed {
  file: string;
  /** Stable, as in `EvidenceReason`. */
  reason: string;
  detail: string;
}

export function register(program: Command, io: Io): void {
  program
    .command('verify')
    .description('check receipts, evidence archives and folders offline; exits 0 when all hold, 3 when one does not')
    .argument('<evidence...>', 'receipt files, archives (tar.gz), folders, or - for a receipt on standard input')
    .option(
      '--key <jwks>',
      'the record keys: a JWKS or JWK file, as `countersign keys export` writes (repeatable; needed)',
      collectValues,
    )
    .option('--log-key <vkey>', 'the log’s key: a vkey, or a file that holds one (repeatable; needed)', collectValues)
    .option('--witness-key <vkey>', 'keys of witnesses whose cosignatures are checked (repeatable)', collectValues)
    .option(
      '--open <file>',
      'an opening of one of their commitments, as `countersign open` prints (repeatable)',
      collectValues,
    )
    .option(
      '--shown <file>',
      'what an approver was shown, as `countersign shown` prints: it is rendered again (repeatable)',
      collectValues,
    )
    .option('--key-history <file>', 'key-history.json: from keys of an earlier time it leads to those of today')
    .option('--json', 'print the findings as JSON')
    .action((files: string[], options: VerifyOptions) => verify(io, files, options));
}

async function verify(io: Io, given: string[], options: VerifyOptions): Promise<void> {
  const [
    { verifyReceipt },
    { nodeVerify },
    { isEvidenceError },
    { describeReceipt, findConflicts, receiptOf, NOT_PROVEN },
  ] = await Promise.all([
    import('../sealing/index.ts'),
    import('../keys/ed25519.ts'),
    import('../ledger/index.ts'),
    import('./evidence.ts'),
  ]);
  if (given.filter((file) => file === '-').length > 1)
    throw usage('standard input can be read once only; give `-` once');
  const { key, logKey } = options;
  if (key === undefined || logKey === undefined) {
    throw usage(
      'give --key and --log-key, from elsewhere than the evidence: keys that lie beside it prove nothing about it (`countersign keys export` writes both)',
    );
  }
  const { sortEvidence, checkArchives, keysBeside } = await import('./archive/inputs.ts');
  const evidence = await sortEvidence(given);
  const trusted: Trust = {
    recordKeys: await readRecordKeys(io, key),
    logKeys: await readLogKeys(io, logKey),
    witnessKeys: options.witnessKey === undefined ? [] : await readLogKeys(io, options.witnessKey),
  };
  const trust = options.keyHistory === undefined ? trusted : await readKeyHistory(io, options.keyHistory, trusted);
  const archives = await checkArchives(evidence.archives, trust);
  const beside = keysBeside([...key, ...logKey], evidence);

  const held: Held[] = [];
  const failed: Failed[] = [];
  for (const file of evidence.receipts) {
    const text = await readText(io, file);
    try {
      const receipt = receiptOf(readSealed(text));
      const verified = await verifyReceipt(receipt, trust, { verify: nodeVerify });
      held.push({ file, verified, checkpoint: (receipt as { log: { checkpoint: string } }).log.checkpoint });
    } catch (error) {
      if (isEvidenceError(error)) failed.push({ file, reason: error.reason, detail: error.message });
      else if (isCanonicalError(error))
        failed.push({ file, reason: 'receipt-malformed', detail: `it is not I-JSON: ${error.message}` });
      else throw error;
    }
  }
  const conflicts = findConflicts(held);
  const { checkPasskeys } = await import('./passkeys.ts');
  const passkeys = await checkPasskeys(held);
  failed.push(...passkeys.failed);
  const { checkAttestations, NOT_ATTESTED } = await import('./attested.ts');
  const attested = await checkAttestations(held, trust);
  failed.push(...attested.failed);
  const wrong = new Set([...passkeys.failed, ...attested.failed].map(({ file }) => file));
  const good = held.filter(({ file }) => !wrong.has(file));
  const { checkOpenings, describeOpened } = await import('./openings.ts');
  const { opened, failed: unopened } = await checkOpenings(io, options.open ?? [], held);
  failed.push(...unopened);
  const again = options.shown === undefined ? null : await import('./shown-again.ts');
  const renderings = (await again?.checkShown(io, options.shown ?? [], held)) ?? { matched: [], failed: [] };
  failed.push(...renderings.failed);

  const valid = failed.length + conflicts.length === 0 && archives.every(({ report }) => report.valid);
  const notProven = [
    ...(held.length > 0 || archives.length > 0 ? [NOT_PROVEN] : []),
    ...(attested.unchecked ? [NOT_ATTESTED] : []),
    ...new Set(archives.flatMap(({ report }) => report.notProven)),
    ...(beside === null ? [] : [beside]),
  ];
  if (options.json === true) {
    io.json({
      valid,
      receipts: [...good.map(factsOf), ...failed.map((one) => ({ valid: false, ...one }))],
      conflicts,
      ...(passkeys.signed.length === 0 ? {} : { passkeys: passkeys.signed }),
      ...(options.open === undefined ? {} : { opened }),
      ...(options.shown === undefined ? {} : { shown: renderings.matched }),
      ...(archives.length === 0 ? {} : { bundles: archives.map(({ path, report }) => ({ file: path, ...report })) }),
      notProven: notProven.join('; '),
    });
  } else {
    for (const { file, verified } of good) {
      io.out(`${file}: valid`);
      for (const line of describeReceipt(verified)) io.out(`  ${line}`);
      for (const one of passkeys.signed.filter((signed) => signed.file === file)) io.out(`  ${one.says}`);
    }
    for (const one of opened) io.out(describeOpened(one));
    for (const one of renderings.matched) for (const line of again?.describeRendering(one) ?? []) io.out(line);
    for (const { file, reason, detail } of failed) io.out(`${file}: INVALID (${reason}): ${detail}`);
    for (const conflict of conflicts) io.out(`INVALID together: ${conflict}`);
    const { describeArchive } = await import('./archive/describe.ts');
    for (const { path, report } of archives) for (const line of describeArchive(path, report)) io.out(line);
    for (const what of notProven) io.out(`Not proven: ${what}`);
  }
  io.exitCode = valid ? EXIT.ok : EXIT.refused;
}

function factsOf({ file, verified }: { file: string; verified: VerifiedReceipt }): object {
  return { file, valid: true, ...verified };
}
