/** The settings file of notification webhooks: addresses and secrets, which have no place in a policy. */
import { z } from 'zod';
import type { WebhookEndpoint } from '../engine/deps.ts';
import { ALERTS, EVENTS } from '../contract/index.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import { readSettingsFile, settingName, webhookSecret } from './settings-file.ts';

const TOLD = [...EVENTS, ...ALERTS] as const;

/** The file. */
export const webhooksSchema = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        name: settingName.describe('What policies call it (`notify`).'),
        tenant: z.string().min(1).default('default').describe('Whose events it gets.'),
        url: z
          .url({ protocol: /^https?$/, error: 'is a URL such as https://pager.example/hooks' })
          .describe('Where they are sent.'),
        secret: webhookSecret
          .optional()
          .describe('Signs them (Standard Webhooks); several during a rotation. Default: the deployment’s secret.'),
        events: z
          .array(z.enum(TOLD, `is one of ${TOLD.join(', ')}`))
          .min(1)
          .optional()
          .describe('Which it gets; default: all.'),
        always: z.boolean().default(false).describe('True: it gets the events of every action, whatever policy says.'),
        format: z
          .enum(['standard', 'cloudevents'], 'is standard or cloudevents')
          .default('standard')
          .describe('Standard Webhooks, or CloudEvents.'),
      }),
    )
    .max(100)
    .describe('Endpoints that are told of events.'),
});

/** @throws CountersignError `configuration`; no value is repeated, for they are secrets. */
export function readEndpoints(settings: { file: string | undefined; targets: WebhookTargets }): WebhookEndpoint[] {
  const { file, targets } = settings;
  if (file === undefined) return [];
  const { settings: read, wrong, checkTarget } = readSettingsFile('webhooks', file, webhooksSchema);
  const seen = new Set<string>();
  return read.webhooks.map(({ name, tenant, url, secret, events, always, format }) => {
    const key = `${tenant}/${name}`;
    if (seen.has(key)) throw wrong(`\`${name}\` is there twice`);
    seen.add(key);
    checkTarget(name, url, targets);
    return { name, tenant, url, secret, events: events ?? null, always, format };
  });
}
