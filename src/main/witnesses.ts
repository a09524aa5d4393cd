/** The settings file of witnesses and anchors, and the Temporal Schedules that bring checkpoints to them. */
import { dirname, resolve } from 'node:path';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { z } from 'zod';
import type { Anchor } from '../witnessing/anchors.ts';
import type { EngineLog } from '../engine/deps.ts';
import type { ShareTarget } from '../witnessing/types.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import type { Witness } from '../witnessing/witnesses.ts';
import { isEvidenceError, NOTE_ALGORITHMS, parseVkey } from '../ledger/index.ts';
import { readSettingsFile, settingName, webhookSecret } from './settings-file.ts';

/** Witnesses and anchors with which checkpoints are shared. */
export interface Sharing {
  witnesses: ReadonlyMap<string, Witness>;
  anchors: ReadonlyMap<string, Anchor>;
  /** Seconds between two rounds. */
  every: number;
}

const httpUrl = z.url({ protocol: /^https?$/, error: 'is a URL such as https://witness.example' });
const seconds = z.int().min(1).max(86_400);
/** The settings in the file. */
export const witnessesSchema = z.strictObject({
  every: seconds.default(60).describe('Seconds between two rounds.'),
  witnesses: z
    .array(
      z.strictObject({
        name: settingName.describe('What it is called.'),
        vkey: z
          .string()
          .refine(isWitnessKey, 'is not the vkey of a witness')
          .describe('Its verifier key, for cosignatures.'),
        url: httpUrl.describe('Where it is asked.'),
      }),
    )
    .max(50)
    .default([])
    .describe('Who cosigns checkpoints (C2SP tlog-witness).'),
  anchors: z
    .array(
      z.union(
        [
          z.strictObject({
            name: settingName.describe('What it is called.'),
            file: z.string().min(1).describe('A file to which each is appended.'),
          }),
          z.strictObject({
            name: settingName.describe('What it is called.'),
            url: httpUrl.describe('Where each is sent.'),
            secret: webhookSecret
              .optional()
              .describe('Signs them (Standard Webhooks); several during a rotation. Default: the deployment’s secret.'),
          }),
          z.strictObject({
            name: settingName.describe('What it is called.'),
            git: z.string().min(1).describe('A repository into which each is committed.'),
            branch: z
              .string()
              .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, 'is the name of a branch')
              .default('countersign-anchors')
              .describe('Its branch.'),
            push: z
              .string()
              .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'is the name of a remote')
              .optional()
              .describe('The remote that it is pushed to; left out: none.'),
          }),
        ],
        'has a name, and one of `file`, `url` (with `secret`) and `git` (with `branch`, `push`)',
      ),
    )
    .max(50)
    .default([])
    .describe('Where checkpoints are kept out of our hands.'),
});
/** Every setting may be left out, and so may all of them. */
const fileSchema = z.preprocess((content) => content ?? {}, witnessesSchema);
type AnchorSetting = z.output<typeof witnessesSchema>['anchors'][number];

function isWitnessKey(vkey: string): boolean {
  try {
    return parseVkey(vkey).algorithm === NOTE_ALGORITHMS.cosignatureV1;
  } catch (error) {
    if (isEvidenceError(error)) return false;
    throw error;
  }
}

/** @throws CountersignError `configuration`; no value is repeated, for some are secrets. */
export function readSharing(settings: { file: string | undefined; targets: WebhookTargets }): Sharing {
  const { file, targets } = settings;
  if (file === undefined) return { witnesses: new Map(), anchors: new Map(), every: 60 };
  const { settings: read, wrong, checkTarget } = readSettingsFile('witnesses', file, fileSchema);
  const { witnesses, anchors, every } = read;
  for (const list of [witnesses, anchors]) {
    const twice = list.find((one, i) => list.some((other, j) => j < i && other.name === one.name));
    if (twice !== undefined) throw wrong(`\`${twice.name}\` is there twice`);
  }
  for (const one of anchors) if ('url' in one) checkTarget(one.name, one.url, targets);
  return {
    every,
    witnesses: new Map(witnesses.map(({ name: of, vkey, url }) => [of, { vkey, url }])),
    anchors: new Map(anchors.map((one) => [one.name, anchorOf(one, dirname(file))])),
  };
}

/** Paths are those of the settings file's folder. */
function anchorOf(setting: AnchorSetting, folder: string): Anchor {
  if ('file' in setting) return { name: setting.name, kind: 'file', path: resolve(folder, setting.file) };
  if ('url' in setting) return { name: setting.name, kind: 'http', url: setting.url, secret: setting.secret };
  const { name: of, git, branch, push } = setting;
  return { name: of, kind: 'git', repository: resolve(folder, git), branch, push };
}

const PREFIX = 'countersign-share-';
const scheduleOf = ({ kind, name: of }: ShareTarget): string => `${PREFIX}${kind}-${of}`;

/**
 * Makes the Schedules match the settings: creates or updates one for each witness and anchor, and deletes those that are no longer
 * configured. A namespace without Schedules is logged, and everything else still runs.
 */
export async function ensureSharing(
  client: Client,
  taskQueue: string,
  sharing: Sharing,
  log: Pick<EngineLog, 'error'>,
): Promise<void> {
  const targets: ShareTarget[] = [
    ...[...sharing.witnesses.keys()].map((of) => ({ kind: 'witness', name: of }) as const),
    ...[...sharing.anchors.keys()].map((of) => ({ kind: 'anchor', name: of }) as const),
  ];
  try {
    const wanted = new Set(targets.map(scheduleOf));
    for (const target of targets) await ensureSchedule(client, taskQueue, target, sharing.every);
    for await (const { scheduleId } of client.schedule.list()) {
      if (scheduleId.startsWith(PREFIX) && !wanted.has(scheduleId)) await remove(client, scheduleId);
    }
  } catch (error) {
    log.error({ err: error }, 'the schedules for witnesses and anchors could not be made; checkpoints are not shared');
  }
}

async function ensureSchedule(client: Client, taskQueue: string, target: ShareTarget, every: number): Promise<void> {
  const scheduleId = scheduleOf(target);
  const schedule = {
    spec: { intervals: [{ every: `${every} seconds` as const }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType: 'shareCheckpoints',
      workflowId: scheduleId,
      taskQueue,
      args: [target],
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.schedule.create({ scheduleId, ...schedule, state: { triggerImmediately: true } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // A pause that somebody set stays.
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...schedule, state }));
  }
}

/** Another process may have done so first. */
async function remove(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
