/**
 * Anchors checkpoints outside: in a file, at an HTTP endpoint, in a Git repository. The operator cannot take back what is stored there.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { parseCheckpoint, parseNote } from '../ledger/index.ts';
import type { LogReader } from '../sequencer/index.ts';
import type { Store } from '../store/index.ts';
import { commitAnchor } from './anchor-git.ts';
import type { WebhookSecret } from '../engine/deps.ts';
import type { WebhookSender } from '../notify/webhook-sender.ts';
import type { AnchoredCheckpoint } from './anchored.ts';

/** A place where checkpoints are anchored, known by its `name`. */
export type Anchor = { name: string } & (
  | { kind: 'file'; path: string }
  | { kind: 'http'; url: string; secret: WebhookSecret | undefined }
  | { kind: 'git'; repository: string; branch: string; push: string | undefined }
);

export interface AnchorDeps {
  store: Pick<Store, 'witnessed'>;
  logReader: Pick<LogReader, 'checkpoint'>;
  webhooks: WebhookSender;
  now(): Date;
}

/**
 * Anchors the newest checkpoint of a tenant, unless it is anchored there already. A crash in between anchors it twice, which is harmless.
 *
 * @returns the size that is anchored now
 * @throws Error to try again
 */
export async function anchorCheckpoint(deps: AnchorDeps, tenant: string, anchor: Anchor): Promise<number> {
  const checkpoint = await deps.logReader.checkpoint(tenant);
  const { origin, size } = parseCheckpoint(parseNote(checkpoint).text);
  if ((await deps.store.witnessed.anchored(tenant, anchor.name)) === size) return size;
  const at = deps.now().toISOString();
  const anchored: AnchoredCheckpoint = { v: 1, kind: 'countersign.anchor', tenant, origin, size, checkpoint, at };
  await put(deps, anchor, anchored);
  await deps.store.witnessed.setAnchored({ tenant, anchor: anchor.name, size, at });
  return size;
}

async function put(deps: AnchorDeps, anchor: Anchor, anchored: AnchoredCheckpoint): Promise<void> {
  const line = `${JSON.stringify(anchored)}\n`;
  switch (anchor.kind) {
    case 'file':
      return append(anchor.path, line);
    case 'http': {
      const id = createHash('sha256').update(anchored.checkpoint).digest('hex').slice(0, 32);
      return deps.webhooks.send({
        url: anchor.url,
        messageId: `msg_${id}`,
        body: { ...anchored },
        secret: anchor.secret,
      });
    }
    case 'git':
      return commitAnchor(anchor, anchored, line);
  }
}

/** On disk when it resolves. An incomplete line from a crash is ended first, so that it does not damage the next one. */
async function append(path: string, line: string): Promise<void> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.writeFile(size > 0 && last[0] !== 0x0a ? `\n${line}` : line);
    await file.sync();
  } finally {
    await file.close();
  }
}
