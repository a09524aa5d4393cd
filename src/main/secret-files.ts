/** Secrets in files, as Docker and Kubernetes hand them in: `NAME_FILE` is the path of a file that holds the value of `NAME`. */
import { readFileSync } from 'node:fs';
import { CountersignError } from '../contract/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Settings that are secret or hold a password. Vault's token is not among them: its file is read again when it changes. */
export const SECRETS = [
  'DATABASE_URL',
  'COUNTERSIGN_API_KEY',
  'COUNTERSIGN_SMTP_URL',
  'TEMPORAL_API_KEY',
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'TEAMS_APP_SECRET',
] as const;

/**
 * The environment with the secrets in it, each without trailing line ends.
 *
 * @throws CountersignError `configuration`; no value is repeated.
 */
export function withSecretFiles(env: Env): Env {
  const read: Record<string, string> = {};
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`];
    if (file === undefined || file === '') continue;
    if (env[name] !== undefined && env[name] !== '')
      throw new CountersignError('configuration', `${name} and ${name}_FILE are both set; unset one of them`);
    try {
      read[name] = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    } catch (cause) {
      throw new CountersignError(
        'configuration',
        `${name}_FILE names a file that cannot be read; correct the path, or its permissions`,
        {
          cause,
        },
      );
    }
    if (read[name] === '')
      throw new CountersignError('configuration', `${name}_FILE names a file that is empty; put the value into it`);
  }
  return { ...env, ...read };
}
