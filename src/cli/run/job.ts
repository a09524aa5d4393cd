/** The pipeline's job in which `run` runs: its actor, and the variables that identify this attempt of the job. */
import { createHash } from 'node:crypto';
import { canonicalize } from '../../canonical/index.ts';
import type { Json } from '../../contract/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

interface Platform {
  name: string;
  /** Variables that together name one attempt of one job. The first one tells that a job runs there. */
  attempt: readonly string[];
  /** The actor, as docs/identity.md maps the platform's own tokens. */
  actor?: (env: Env) => string | undefined;
}

const PLATFORMS: readonly Platform[] = [
  {
    name: 'github',
    attempt: ['GITHUB_RUN_ID', 'GITHUB_RUN_ATTEMPT', 'GITHUB_REPOSITORY', 'GITHUB_JOB'],
    actor: ({ GITHUB_REPOSITORY }) => GITHUB_REPOSITORY && `agent:github/${GITHUB_REPOSITORY}`,
  },
  {
    // A job that is retried has another id.
    name: 'gitlab',
    attempt: ['CI_JOB_ID', 'CI_SERVER_HOST', 'CI_PROJECT_ID'],
    actor: ({ CI_PROJECT_PATH }) => CI_PROJECT_PATH && `agent:gitlab/${CI_PROJECT_PATH}`,
  },
  { name: 'buildkite', attempt: ['BUILDKITE_JOB_ID', 'BUILDKITE_RETRY_COUNT'] },
  { name: 'circleci', attempt: ['CIRCLE_WORKFLOW_JOB_ID', 'CIRCLE_BUILD_NUM'] },
  { name: 'azure', attempt: ['SYSTEM_JOBID', 'SYSTEM_JOBATTEMPT', 'BUILD_BUILDID', 'SYSTEM_COLLECTIONID'] },
  { name: 'jenkins', attempt: ['BUILD_TAG', 'JENKINS_URL'] },
];

const platformOf = (env: Env): Platform | undefined => PLATFORMS.find(({ attempt: [first = ''] }) => env[first]);

/** The default actor: the repository of the job; outside of jobs, this command. */
export const actorOfJob = (env: Env): string => platformOf(env)?.actor?.(env) || 'agent:countersign-run';

/**
 * One key for one attempt of one job with exactly this command: a repeated step joins its action, and a repeated job is a new one. Null where no job is known. Jobs of a matrix that ask for the same with the same command need different keys.
 */
export function keyOfJob(env: Env, asked: Json, command: readonly string[]): string | null {
  const platform = platformOf(env);
  if (platform === undefined) return null;
  const attempt = platform.attempt.map((name) => env[name] ?? '');
  const text = canonicalize([...attempt, asked, [...command]]);
  const [run = ''] = attempt;
  return `run:${platform.name}:${run.replaceAll(/[^\w.-]/g, '').slice(0, 64)}:${createHash('sha256').update(text).digest('hex')}`;
}
