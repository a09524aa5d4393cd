/** `countersign evaluate`: what policy would say; nothing is started and nothing is sealed. */
import type { Command } from 'commander';
import { z } from 'zod';
import { CountersignError, verdictSchema } from '../contract/index.ts';
import { connect, withConnection } from './connect.ts';
import { EXIT } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { buildRequest, withRequestBody } from './request-body.ts';
import type { RequestBodyOptions } from './request-body.ts';

const answerSchema = z.looseObject({
  verdict: verdictSchema.loose(),
  plan: z
    .looseObject({ stages: z.array(z.looseObject({ name: z.string(), approvers: z.array(z.string()) })) })
    .nullable(),
  trace: z.array(
    z.looseObject({
      policy: z.string(),
      rule: z.string().nullable(),
      result: z.string(),
      detail: z.string().nullable(),
    }),
  ),
});

const EXITS = { approve: EXIT.ok, constrain: EXIT.ok, supervise: EXIT.waiting, refuse: EXIT.refused } as const;

export function register(program: Command, io: Io): void {
  const command = withRequestBody(
    program
      .command('evaluate')
      .description(
        'what policy would say to a request; exits 0 for a release, 3 for a refusal, 4 when humans would be asked',
      ),
  ).option('--json', 'print the verdict and its trace as JSON');
  withConnection(command, { as: true }).action(async (options: RequestBodyOptions & { json?: boolean }) => {
    const body = await buildRequest(io, options);
    const answer = await call(await connect(io, options), { method: 'POST', path: 'v1/evaluate', body });
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) {
      throw new CountersignError(
        'unavailable',
        'the server’s answer is not a verdict; check `COUNTERSIGN_URL` and that both sides are of one version',
      );
    }
    const { verdict, plan, trace } = parsed.data;
    if (options.json === true) io.json(answer);
    else {
      io.out(`${verdict.decision} (${verdict.basis})`);
      for (const reason of verdict.reasons) io.out(`  ${reason}`);
      if (verdict.changes !== null) io.out(`  changes  ${JSON.stringify(verdict.changes)}`);
      for (const { name, approvers } of plan?.stages ?? []) io.out(`  stage    ${name}: ${approvers.join(', ')}`);
      for (const { policy, rule, result, detail } of trace) {
        io.out(
          `  trace    ${policy}${rule === null ? '' : ` / ${rule}`}: ${result}${detail === null ? '' : ` (${detail})`}`,
        );
      }
    }
    io.exitCode = EXITS[verdict.decision];
  });
}
