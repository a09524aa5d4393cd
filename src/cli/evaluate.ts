/** `countersign evaluate`: what policy would say; nothing is started and nothing is sealed. */
import type { Command } from 'commander';
import { instantOf } from '../canonical/index.ts';
import { evaluationSchema, type EvaluationView } from '../contract/views/index.ts';
import { DEFAULT_TENANT, type Facts, type JsonObject } from '../contract/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection } from './connect.ts';
import { EXIT } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { buildRequest, withRequestBody, type RequestBodyOptions } from './request-body.ts';
import { collectValues, parsePairs, usage } from './values.ts';

interface EvaluateOptions extends RequestBodyOptions {
  offline?: boolean;
  now?: string;
  used?: string[];
  json?: boolean;
}

const EXITS = { approve: EXIT.ok, constrain: EXIT.ok, supervise: EXIT.waiting, refuse: EXIT.refused } as const;

export function register(program: Command, io: Io): void {
  const command = withRequestBody(
    program
      .command('evaluate')
      .description(
        'what policy would say to a request; exits 0 for a release, 3 for a refusal, 4 when humans would be asked',
      ),
  )
    .option(
      '--offline',
      'judge by the policies folder here (--policies, else COUNTERSIGN_POLICIES) instead of a server',
    )
    .option('--now <time>', 'offline: when it is judged (default: now)')
    .option('--used <limit=amount>', 'offline: what a limit holds already (repeatable)', collectValues)
    .option('--json', 'print the verdict and its trace as JSON');
  withConnection(command, { as: true }).action(async (options: EvaluateOptions) => {
    const body = await buildRequest(io, options);
    if (options.offline !== true && (options.now !== undefined || options.used !== undefined))
      throw usage('`--now` and `--used` are facts of your own; add `--offline`');
    const answer =
      options.offline === true
        ? await judgeHere(io, body, options)
        : await call(await connect(io, options), { method: 'POST', path: 'v1/evaluate', body });
    const evaluation = readAnswer(evaluationSchema, answer);
    if (options.json === true) io.json(answer);
    else for (const line of describe(evaluation)) io.out(line);
    io.exitCode = EXITS[evaluation.verdict.decision];
  });
}

function describe({ verdict, observed, plan, trace }: EvaluationView): string[] {
  const lines = [`${verdict.decision} (${verdict.basis}${verdict.mode === 'observe' ? ', observing' : ''})`];
  for (const reason of verdict.reasons) lines.push(`  ${reason}`);
  if (observed !== null) lines.push(`  enforced it would be ${observed.decision} (${observed.basis})`);
  if (verdict.changes !== null) lines.push(`  changes  ${JSON.stringify(verdict.changes)}`);
  for (const { name, approvers } of plan?.stages ?? []) lines.push(`  stage    ${name}: ${approvers.join(', ')}`);
  for (const { policy, rule, result, detail } of trace) {
    const where = rule === null ? policy : `${policy} / ${rule}`;
    lines.push(`  trace    ${where}: ${result}${detail === null ? '' : ` (${detail})`}`);
  }
  return lines;
}

/** Judges by a policies folder and its directory, with no server; the evaluator is the same. */
async function judgeHere(io: Io, body: JsonObject, options: EvaluateOptions): Promise<unknown> {
  const [{ asVouched, evaluate, requiredFacts }, identity, folders, { readRequest }] = await Promise.all([
    import('../policy/index.ts'),
    import('../identity/index.ts'),
    import('./policy-folder.ts'),
    import('../contract/index.ts'),
  ]);
  const request = readRequest(body);
  const { asking, compileFolder, readFolder, resolverOf } = folders;
  const folder = await readFolder(io, options.policies);
  const bundle = await compileFolder(folder);
  const used = parsePairs('--used', options.used ?? []);
  const now = options.now === undefined ? io.now() : (instantOf(options.now) ?? Number.NaN);
  if (Number.isNaN(now))
    throw usage(`\`--now ${options.now ?? ''}\` is not a time with its offset; write 2026-11-21T08:00:00Z`);
  // Judges as for the first key, which speaks for anybody and vouches for any role, so that only the directory decides.
  const directory = folder.directory ?? new identity.Directory([]);
  const caller = { kind: 'key' as const, id: 'key:offline', tenant: DEFAULT_TENANT, ...identity.FIRST_KEY_SCOPE };
  const identities = identity.identitiesOf(caller, request, directory);
  const spokenFor = identity.spokenForBy(caller, request);
  const provenance = identity.provenanceOf(caller, request);
  const origin = provenance === null ? {} : { provenance };
  const required = requiredFacts(bundle, asVouched(request, { identities, ...origin }));
  const facts: Facts = {
    now: new Date(now).toISOString(),
    limits: required.limits.map(({ limit, key }) => {
      const amount = used[limit] ?? used[limit.split('/').at(-1) ?? ''] ?? '0';
      if (!/^\d+(\.\d+)?$/.test(String(amount))) throw usage(`\`--used ${limit}=…\` is an amount, such as 120.50`);
      return { limit, key, used: String(amount) };
    }),
    people: Object.fromEntries(required.people.map((ref) => [ref, resolverOf(folder)(ref, request.actor)])),
    conflict: identity.mayAsk(caller, request, { directory, now })?.detail ?? null,
    identities,
    ...origin,
    ...(spokenFor === null ? {} : { spokenFor }),
  };
  const judging = await asking(bundle);
  const judged = await judging.judged((by) => evaluate(by, request, facts, { trace: true }));
  const { verdict, observed, plan, trace } = judged.value;
  return { verdict, observed, plan, trace };
}
