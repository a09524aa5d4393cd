/** The settings file of advisers: their addresses, and the secrets that sign our questions. */
import { z } from 'zod';
import type { AdviserSettings } from '../connectors/index.ts';
import { WEBHOOK_TARGETS } from '../notify/webhook-target.ts';
import { readSettingsFile, settingName, webhookSecret } from './settings-file.ts';

const fileSchema = z.strictObject({
  advisers: z
    .array(
      z.strictObject({
        name: settingName,
        tenant: z.string().min(1).default('default'),
        url: z.url({ protocol: /^https?$/, error: 'is a URL such as https://risk.example/advice' }),
        secret: webhookSecret.optional(),
        network: z.enum(WEBHOOK_TARGETS).default('public'),
        timeout: z.number('is so many seconds').min(0.1).max(2).default(1),
      }),
    )
    .max(100),
});

/** @throws CountersignError `configuration`; no value is repeated, because some are secrets */
export function readAdvisers(file: string | undefined): AdviserSettings[] {
  if (file === undefined) return [];
  const { settings, wrong, checkTarget } = readSettingsFile('advisers', file, fileSchema);
  const seen = new Set<string>();
  return settings.advisers.map(({ name, tenant, url, secret, network, timeout }) => {
    if (seen.has(`${tenant}/${name}`)) throw wrong(`\`${name}\` is there twice`);
    seen.add(`${tenant}/${name}`);
    checkTarget(name, url, network);
    return { name, tenant, url, secret, network, timeoutMs: timeout * 1000 };
  });
}
