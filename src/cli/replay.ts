/** `countersign replay`: judges a sealed verdict again. Same bundle, same request, same facts: same verdict. */
import type { Command } from 'commander';
import { z } from 'zod';
import { readSealed } from '../canonical/index.ts';
import {
  actionRequestSchema,
  CountersignError,
  type ActionRequest,
  type Json,
  type JsonObject,
  type RecordPayload,
  type Verdict,
  type VerdictRecord,
} from '../contract/index.ts';
import { replaySchema, type ReplayView } from '../contract/views/index.ts';
import type { CompiledBundle } from '../policy/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { EXIT } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { asking, compileFolder, compileSource, readFolder } from './policy-folder.ts';
import { readJsonObject, usage } from './values.ts';

interface ReplayOptions extends ConnectOptions {
  request?: string;
  bundle?: string;
  json?: boolean;
}

/** The result of both ways to replay. */
type Replay = Pick<ReplayView, 'record' | 'bundle' | 'same' | 'sealed' | 'verdict' | 'differences'>;

const HASH = /^sha256:[0-9a-f]{64}$/;

export function register(program: Command, io: Io): void {
  const command = program
    .command('replay')
    .description('judge a sealed verdict again; exits 0 when it comes out the same, 3 when not')
    .argument('<record>', 'a record’s hash, or a receipt file')
    .option('--request <json>', 'offline: the request as it was judged, from a file or -')
    .option(
      '--bundle <json>',
      'offline: the bundle, as `GET /v1/policies/{bundle}` gives it (else: the folder of --policies)',
    )
    .option('--json', 'print the finding as JSON');
  withConnection(command, { as: true }).action(async (record: string, options: ReplayOptions) => {
    const answer = options.request === undefined ? await there(io, record, options) : await here(io, record, options);
    if (options.json === true) io.json(answer);
    else for (const line of describe(answer)) io.out(line);
    io.exitCode = answer.same ? EXIT.ok : EXIT.refused;
  });
}

/** On the server, which has bundle and request; for auditors and owners. */
async function there(io: Io, record: string, options: ReplayOptions): Promise<Replay> {
  if (options.bundle !== undefined) throw usage('`--bundle` is for a replay here; add `--request`');
  const hash = HASH.test(record) ? record : (await readReceipt(io, record)).hash;
  return readAnswer(replaySchema, await call(await connect(io, options), { path: `v1/records/${hash}/replay` }));
}

/** Sealed requests may have longer numbers than current ones. */
function sealedRequest(value: JsonObject): ActionRequest {
  const parsed = actionRequestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw usage(`the request does not fit: ${issue?.path.join('.') || 'the top level'}: ${issue?.message ?? 'unknown'}`);
}

function judgedIn(record: RecordPayload): Pick<VerdictRecord, 'verdict' | 'facts'> | null {
  if (record.type === 'verdict') return record;
  return record.type === 'release' ? record.rejudged : null;
}

/** Only the first verdict and the permit name the hash of the request. */
function hashOfRequest(record: RecordPayload): string | null {
  if (record.type === 'release') return record.permit.requestHash;
  return record.type === 'verdict' && record.seq === 0 ? record.requestHash : null;
}

/** Here, with nothing but a receipt, the request and the bundle. */
async function here(io: Io, file: string, options: ReplayOptions): Promise<Replay> {
  if (HASH.test(file))
    throw usage('a replay here needs the receipt’s file, not its hash; get it with `countersign show`');
  const [{ replayVerdict }, { listsNamed }] = await Promise.all([
    import('../policy/index.ts'),
    import('../sealing/index.ts'),
  ]);
  const { record, hash } = await readReceipt(io, file);
  const sealed = judgedIn(record);
  if (sealed === null)
    throw usage(`a record of type ${record.type} holds no verdict; give the receipt of one that does`);
  if (listsNamed(record).length > 0)
    throw usage(
      'the record names more people than stand in it, by their hash; replay it on the server, without `--request`',
    );
  const request = sealedRequest(await readJsonObject(io, options.request ?? '-', readSealed));
  await checkRequest(record, request);
  const named = sealed.verdict.bundle;
  const bundle = named === null ? null : await bundleNamed(io, named, options);
  const { same, verdict, differences } =
    bundle === null
      ? replayVerdict(sealed, null, request)
      : (await (await asking(bundle)).judged((by) => replayVerdict(sealed, by, request))).value;
  return { record: hash, bundle: named, same, sealed: sealed.verdict, verdict, differences };
}

async function bundleNamed(io: Io, hash: string, options: ReplayOptions): Promise<CompiledBundle> {
  if (options.bundle !== undefined) {
    const json = await readJsonObject(io, options.bundle);
    return compileSource('source' in json ? (json['source'] as Json) : json, hash);
  }
  const folder = await readFolder(io, options.policies);
  const bundle = await compileFolder(folder);
  if (bundle.hash === hash) return bundle;
  throw new CountersignError(
    'invalid-policy',
    `the policies in \`${folder.name}\` are ${bundle.hash}, and the verdict was made by ${hash}; give that bundle with \`--bundle\``,
  );
}

/**
 * Checks that this is the sealed request, where possible: the hash of a request with `content` needs the action's secret key, and the hash
 * of a changed one is in the release.
 */
async function checkRequest(record: RecordPayload, request: ActionRequest): Promise<void> {
  if (request.content !== undefined) return;
  const { hashOf } = await import('../canonical/index.ts');
  const { callback: _callback, ...rest } = request;
  const wanted = hashOfRequest(record);
  if (wanted !== null && hashOf(rest) !== wanted) {
    throw new CountersignError(
      'invalid-evidence',
      'the request is not the one that was judged: its hash is another; give the request exactly as it was sent',
    );
  }
}

/** The record inside a receipt and its hash. `countersign verify` checks signatures and proof. */
async function readReceipt(io: Io, file: string): Promise<{ record: RecordPayload; hash: string }> {
  const [{ decodeRecord, recordHash }, { isEvidenceError }] = await Promise.all([
    import('../sealing/index.ts'),
    import('../ledger/index.ts'),
  ]);
  const receipt = z
    .looseObject({ envelope: z.looseObject({ payload: z.string() }) })
    .safeParse(await readJsonObject(io, file));
  if (!receipt.success)
    throw usage(`\`${file}\` is not a receipt; get one with \`countersign show ID --receipts FOLDER\``);
  const payload = Buffer.from(receipt.data.envelope.payload, 'base64');
  try {
    return { record: decodeRecord(payload), hash: recordHash(payload) };
  } catch (error) {
    if (!isEvidenceError(error)) throw error;
    throw new CountersignError('invalid-evidence', `\`${file}\` holds no record: ${error.message}`, { cause: error });
  }
}

function describe({ record, bundle, same, sealed, verdict, differences }: Replay): string[] {
  const said = ({ decision, basis, policy, rule }: Verdict): string =>
    `${decision} (${[basis, policy, rule].filter((part) => part !== null).join(', ')})`;
  return [
    same ? `same: ${said(sealed)}` : `DIFFERENT in ${differences.join(', ')}`,
    ...(same ? [] : [`  sealed   ${said(sealed)}`, `  now      ${said(verdict)}`]),
    `  record   ${record}`,
    `  bundle   ${bundle ?? 'none was in force'}`,
  ];
}
