/** The settings file of notification webhooks: addresses and secrets, which have no place in a policy. */
import { z } from 'zod';
import type { WebhookEndpoint } from '../engine/deps.ts';
import { ALERTS, EVENTS } from '../contract/index.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import { readSettingsFile, settingName, webhookSecret } from './settings-file.ts';

const TOLD = [...EVENTS, ...ALERTS] as const;

const fileSchema = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        name: settingName,
        tenant: z.string().min(1).default('default'),
        url: z.url({ protocol: /^https?$/, error: 'is a URL such as https://pager.example/hooks' }),
        secret: webhookSecret.optional(),
        events: z
          .array(z.enum(TOLD, `is one of ${TOLD.join(', ')}`))
          .min(1)
          .optional(),
        always: z.boolean().default(false),
        format: z.enum(['standard', 'cloudevents'], 'is standard or cloudevents').default('standard'),
      }),
    )
    .max(100),
});

/** @throws CountersignError `configuration`; no value is repeated, for they are secrets. */
export function readEndpoints(settings: { file: string | undefined; targets: WebhookTargets }): WebhookEndpoint[] {
  const { file, targets } = settings;
  if (file === undefined) return [];
  const { settings: read, wrong, checkTarget } = readSettingsFile('webhooks', file, fileSchema);
  const seen = new Set<string>();
  return read.webhooks.map(({ name, tenant, url, secret, events, always, format }) => {
    const key = `${tenant}/${name}`;
    if (seen.has(key)) throw wrong(`\`${name}\` is there twice`);
    seen.add(key);
    checkTarget(name, url, targets);
    return { name, tenant, url, secret, events: events ?? null, always, format };
  });
}
