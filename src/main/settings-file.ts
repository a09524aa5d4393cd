/** Reads and checks settings files in YAML. A refusal is one sentence, and repeats no value, because some are secrets. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { faultOfTarget, type WebhookTargets } from '../notify/webhook-target.ts';
import { CountersignError } from '../contract/index.ts';

/** Name of an endpoint, a witness or an anchor. */
export const settingName = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'is lower case letters, digits, `-` and `_`');

const oneSecret = z
  .string('is `whsec_` and the base64 of at least 24 bytes, or a list of them')
  .regex(/^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/, 'is `whsec_` and the base64 of at least 24 bytes');

/** A Standard Webhooks secret, or several that all sign during a rotation. */
export const webhookSecret = z.union([oneSecret, z.array(oneSecret).min(1).max(5)]);

export interface SettingsFile<T> {
  settings: T;
  /** An error about the file. */
  wrong(what: string): CountersignError;
  /** @throws CountersignError `configuration` for an address that may not be reached from here */
  checkTarget(name: string, url: string, targets: WebhookTargets): void;
}

/**
 * @param what names the file in errors: `the <what> file`
 * @throws CountersignError `configuration` when it cannot be read, is not YAML, or does not fit
 */
export function readSettingsFile<T>(what: string, file: string, schema: z.ZodType<T>): SettingsFile<T> {
  const wrong = (fault: string): CountersignError =>
    new CountersignError('configuration', `the ${what} file \`${file}\` cannot be used: ${fault}`);
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw wrong(syscall === undefined ? 'it is not YAML' : `it cannot be read (${code ?? ''})`);
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '));
  }
  return {
    settings: parsed.data,
    wrong,
    checkTarget(name, url, targets) {
      const fault = faultOfTarget(new URL(url), targets);
      if (fault !== null) throw wrong(`\`${name}\`: ${fault} (COUNTERSIGN_WEBHOOK_TARGETS is ${targets})`);
    },
  };
}
