/** `countersign audit`: follows a log from outside, and says in plain words what is wrong with it. */
import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { readSealed } from '../canonical/index.ts';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import type { AuditReport, LogFiles } from '../evidence/index.ts';
import type { Trust } from '../sealing/index.ts';
import { readAnchors } from './anchors.ts';
import { rowFindings } from './audit-rows.ts';
import { IMPORTED_PREFIX } from '../main/local-files.ts';
import { readState, writeState, type AuditState } from './audit-state.ts';
import { readerToken, serverUrl, type ConnectOptions } from './connect.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { readLogKeys, readRecordKeys } from './trust.ts';
import { collectValues, usage } from './values.ts';

interface AuditOptions extends ConnectOptions {
  archive?: string;
  /** The name of `archive` before. */
  bundle?: string;
  imported?: string;
  tenant: string;
  state?: string;
  key?: string[];
  logKey?: string[];
  witnessKey?: string[];
  anchors?: string[];
  json?: boolean;
}

const WITNESSED = 'the checkpoint that witnesses cosigned';

const NOT_PROVEN = {
  seenByOthers: 'that the log shows everybody the same history: compare its checkpoint with somebody else’s',
  keys: 'that the keys are the log’s own: they came from its server; get them another way, and give --key and --log-key',
};

export function register(program: Command, io: Io): void {
  program
    .command('audit')
    .description('follow a log from outside and check all of it; exits 0 when nothing is wrong, 3 when something is')
    .option('--url <url>', 'the server (default: COUNTERSIGN_URL, else the local stack)')
    .option('--data <folder>', 'the local stack’s data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--archive <folder>', 'instead of a server: an unpacked evidence archive that holds a whole log')
    .addOption(new Option('--bundle <folder>').hideHelp())
    .option('--imported <name>', 'a log that `countersign import` took in, as this server serves it')
    .option('--tenant <name>', 'whose log', DEFAULT_TENANT)
    .option('--state <file>', 'keeps the last checkpoint; the next audit checks that the log continues it')
    .option('--key <jwks>', 'the record keys, from elsewhere than the server (repeatable)', collectValues)
    .option('--log-key <vkey>', 'the log’s key, from elsewhere than the server (repeatable)', collectValues)
    .option('--witness-key <vkey>', 'keys of witnesses whose cosignatures are checked (repeatable)', collectValues)
    .option(
      '--anchors <file>',
      'checkpoints that were anchored outside; the log must continue them (repeatable)',
      collectValues,
    )
    .option('--json', 'print the findings as JSON')
    .action(({ bundle, ...options }: AuditOptions) => {
      const archive = options.archive ?? bundle;
      return audit(io, archive === undefined ? options : { ...options, archive });
    });
}

async function audit(io: Io, options: AuditOptions): Promise<void> {
  const [{ auditLog, describeFinding }, { nodeVerify }, { filesOfFolder, filesOfServer }] = await Promise.all([
    import('../evidence/index.ts'),
    import('../keys/ed25519.ts'),
    import('../archive/check/log-files.ts'),
  ]);
  if (options.archive !== undefined && options.url !== undefined) throw usage('give --url or --archive, not both');
  if (options.archive !== undefined && options.imported !== undefined)
    throw usage('give --imported or --archive, not both');
  // A log of another deployment has its own tenant's name, and no rows here.
  const isThisLog = options.archive === undefined && options.imported === undefined;
  const server = options.archive === undefined ? await serverOf(io, options) : null;
  const files =
    server === null ? filesOfFolder(options.archive ?? '') : filesOfServer(server.url, logOf(options), server.token);
  const state = options.state === undefined ? null : readState(options.state);
  const { trust, believed } = await trustOf(io, options, files, state);
  // Before the newest one, which must continue it.
  const witnessed = trust.witnessKeys?.length === 0 ? null : await files('checkpoint.witnessed');
  const audited = await auditLog({
    files,
    trust,
    verify: nodeVerify,
    earlier: [
      ...(state === null ? [] : [{ note: state.checkpoint, from: `\`${options.state ?? ''}\`` }]),
      ...(witnessed === null ? [] : [{ note: new TextDecoder().decode(witnessed), from: WITNESSED }]),
      ...(await readAnchors(io, options.anchors ?? [])),
    ],
    ...(isThisLog ? { tenant: options.tenant } : {}),
  });
  const rows = server === null || !isThisLog ? [] : await rowFindings(server.url, server.token);
  const report: AuditReport = {
    ...audited,
    clean: audited.clean && rows.length === 0,
    found: audited.found + rows.length,
    findings: [...audited.findings, ...rows],
  };
  const notProven = [
    ...(seenByOthers(report) ? [] : [NOT_PROVEN.seenByOthers]),
    ...(believed ? [NOT_PROVEN.keys] : []),
  ];
  if (options.state !== undefined) await remember(io, options.state, report, report.trust);
  if (options.json === true) io.json({ ...report, notProven });
  else for (const line of describe(report, notProven, describeFinding)) io.out(line);
  io.exitCode = report.clean ? EXIT.ok : EXIT.refused;
}

const logOf = ({ imported, tenant }: AuditOptions): string =>
  imported === undefined ? tenant : `${IMPORTED_PREFIX}${imported}`;

const serverOf = async (io: Io, options: AuditOptions): Promise<{ url: string; token: string | null }> => ({
  url: serverUrl(io, options),
  token: await readerToken(io, options),
});

/** The given keys, else those of the last audit, else the server's, which are trusted on first use, with a warning. */
async function trustOf(
  io: Io,
  options: AuditOptions,
  files: LogFiles,
  state: AuditState | null,
): Promise<{ trust: Trust; believed: boolean }> {
  const given = {
    record: options.key === undefined ? null : await readRecordKeys(io, options.key),
    log: options.logKey === undefined ? null : await readLogKeys(io, options.logKey),
  };
  const witnessKeys = options.witnessKey === undefined ? [] : await readLogKeys(io, options.witnessKey);
  const recordKeys = given.record ?? state?.recordKeys ?? null;
  const logKeys = given.log ?? state?.logKeys ?? null;
  const revoked = state?.revoked ?? [];
  if (recordKeys !== null && logKeys !== null) {
    return { trust: { recordKeys, logKeys, witnessKeys, revoked }, believed: false };
  }
  if (options.archive !== undefined) {
    throw usage('give --key and --log-key: keys that lie beside the evidence prove nothing about it');
  }
  const [jwks, vkey] = await Promise.all([files('jwks.json'), files('vkey')]);
  if (jwks === null || vkey === null) throw usage('this server has no log of that name; check --url and --tenant');
  const keys = keysOf(new TextDecoder().decode(jwks));
  const trust = {
    recordKeys: recordKeys ?? keys,
    logKeys: logKeys ?? [new TextDecoder().decode(vkey).trim()],
    witnessKeys,
    revoked,
  };
  return { trust, believed: true };
}

function keysOf(text: string): unknown[] {
  try {
    const { keys } = readSealed(text) as { keys?: unknown };
    if (Array.isArray(keys)) return keys;
  } catch {
    // Reported below.
  }
  throw new CountersignError('unavailable', 'the server’s answer holds no keys; check --url and --tenant');
}

/**
 * The newest checkpoint replaces the old one only if the audit finds nothing. Otherwise the old one is evidence, and the new one is stored
 * beside it.
 */
async function remember(io: Io, file: string, report: AuditReport, trust: Trust): Promise<void> {
  if (report.holds && report.origin !== null) {
    await writeState(file, {
      v: 1,
      origin: report.origin,
      size: report.size,
      checkpoint: report.checkpoint,
      logKeys: [...trust.logKeys],
      recordKeys: trust.recordKeys.map((key) => ({ ...(key as object) })),
      revoked: [...(trust.revoked ?? [])],
      at: new Date(io.now()).toISOString(),
    });
  } else if (report.checkpoint !== '') {
    const beside = `${file}.conflict`;
    await writeFile(beside, report.checkpoint);
    io.err(`the last good checkpoint stays in \`${file}\`; the one that does not hold is in \`${beside}\`: keep both`);
  }
}

const seenByOthers = ({ witnesses, continues }: AuditReport): boolean =>
  witnesses.length > 0 || continues.some(({ witnesses: by }) => by.length > 0);

const cosigned = ({ name, time }: AuditReport['witnesses'][number]): string =>
  `Cosigned by ${name} at ${new Date(time * 1000).toISOString()}.`;

/** With thousands of anchors, the first and the last suffice. */
function inOrder(continues: AuditReport['continues']): AuditReport['continues'] {
  return continues.length <= 5 ? continues : [...continues.slice(0, 2), ...continues.slice(-2)];
}

function describe(
  report: AuditReport,
  notProven: readonly string[],
  inWords: (finding: AuditReport['findings'][number]) => string,
): string[] {
  const { origin, size, records, actions, found, findings, witnesses, continues } = report;
  const more = found - findings.length;
  return [
    `${origin ?? 'a log that does not say its name'}: ${size} entries, ${records} of them read, about ${actions} actions`,
    ...inOrder(continues).flatMap(({ from, size: was, witnesses: by }) => [
      from === WITNESSED
        ? `It continues ${from}, of ${was} entries.`
        : `It continues the checkpoint of ${was} entries in ${from}.`,
      ...(from === WITNESSED ? by : []).map(cosigned),
    ]),
    ...witnesses.map(cosigned),
    ...(continues.length > 5 ? [`It continues ${continues.length} earlier checkpoints in all.`] : []),
    ...findings.map((finding) => `WRONG: ${inWords(finding)}`),
    ...(more > 0 ? [`… and ${more} more that follow the same patterns`] : []),
    report.clean
      ? 'Nothing is wrong: the checkpoint, every tile, entry and signature, and every action’s chain of records hold.'
      : `${found} ${found === 1 ? 'thing is' : 'things are'} wrong. Keep the log as it is now, and ask its operator.`,
    ...notProven.map((what) => `Not proven: ${what}.`),
  ];
}
