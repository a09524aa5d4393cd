/** The settings file of advisers: their addresses, and the secrets that sign our requests to them. */
import { z } from 'zod';
import type { AdviserSettings } from '../connectors/index.ts';
import { WEBHOOK_TARGETS } from '../notify/webhook-target.ts';
import { readSettingsFile, settingName, webhookSecret } from './settings-file.ts';

/** The file. */
export const advisersSchema = z.strictObject({
  advisers: z
    .array(
      z.strictObject({
        name: settingName.describe('What policies call it (`advice`).'),
        tenant: z.string().min(1).default('default').describe('Whose policies may ask it.'),
        url: z
          .url({ protocol: /^https?$/, error: 'is a URL such as https://risk.example/advice' })
          .describe('Where it is asked.'),
        secret: webhookSecret
          .optional()
          .describe(
            'Signs what it is asked (Standard Webhooks); several during a rotation. Default: the deployment’s secret.',
          ),
        network: z
          .enum(WEBHOOK_TARGETS)
          .default('public')
          .describe('Where it may be: `public`, or `private` and `loopback` only where it really is there.'),
        timeout: z.number('is so many seconds').min(0.1).max(2).default(1).describe('Seconds that it is waited for.'),
      }),
    )
    .max(100)
    .describe('Reviewers that policies ask before people are asked.'),
});

/** @throws CountersignError `configuration`; no value is repeated, because some are secrets */
export function readAdvisers(file: string | undefined): AdviserSettings[] {
  if (file === undefined) return [];
  const { settings, wrong, checkTarget } = readSettingsFile('advisers', file, advisersSchema);
  const seen = new Set<string>();
  return settings.advisers.map(({ name, tenant, url, secret, network, timeout }) => {
    if (seen.has(`${tenant}/${name}`)) throw wrong(`\`${name}\` is there twice`);
    seen.add(`${tenant}/${name}`);
    checkTarget(name, url, network);
    return { name, tenant, url, secret, network, timeoutMs: timeout * 1000 };
  });
}
