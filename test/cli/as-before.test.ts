/** What the command line of commit 23a97f5 printed about good evidence and policies, byte for byte. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countersign } from './harness.ts';

const folder = join(import.meta.dirname, '../golden');
interface Then {
  args: string[];
  exit: number;
  out: string[];
  err: string[];
}
const then = JSON.parse(readFileSync(join(folder, 'commands-then.json'), 'utf8')) as Then[];

/** What lint says today of the sample policies of then, which it found nothing wrong with. The changelog has both. */
const BLIND = [
  'policies/deploy.prod.yaml:21:11: error: rule `destroys-infrastructure` asks people who would see none of what it reads: `params.plan.destroy`, `params.plan`',
  '    has(params.plan) && params.plan.destroy > 0',
  '    add one to `disclose` or `show`',
];
const OPEN = [
  'policies/infra.scale.yaml:16:11: warning: rule `test-system` approves whatever no rule before it names',
  '    context.environment != "production"',
  '    list what is allowed, and leave the rest to silence, which refuses',
];

it.each(then.filter(({ args }) => args[1] !== 'lint').map((one) => [one.args.join(' '), one] as const))(
  '%s',
  async (_, { args, exit, out, err }) => {
    const ran = await countersign(args, { cwd: folder });
    expect([ran.code, ran.out.split('\n'), ran.err.split('\n')]).toEqual([exit, out, err]);
  },
);

it('policy lint finds what it finds since, and nothing else', async () => {
  const ran = await countersign(['policy', 'lint', 'policies'], { cwd: folder });
  expect([ran.code, ran.out.split('\n')]).toEqual([3, [...BLIND, ...OPEN, '1 errors, 1 warnings', '']]);
  const json = await countersign(['policy', 'lint', 'policies', '--json'], { cwd: folder });
  const found = JSON.parse(json.out) as { file: string; severity: string }[];
  expect(found.map(({ file, severity }) => [file, severity])).toEqual([
    ['deploy.prod.yaml', 'error'],
    ['infra.scale.yaml', 'warning'],
  ]);
});
