/** Opens forms within the three seconds that a trigger lives, however long the look-ups take. */
import type { BlockAction, RespondFn } from '@slack/bolt';
import { CountersignError } from '../contract/index.ts';
import { type View, type ViewName, inPlain, loadingModal, textModal } from './blocks/index.ts';
import { aboutOf, admitClick, keepRefusal, type AdmittedClick } from './admit.ts';
import { explain, messageOf, readable, rerender, whisper } from './answer.ts';
import type { DecisionDoor, Desk } from './desk.ts';
import { refusesBlocks } from './dress.ts';
import type { SlackOrigin } from '../gateway/slack-types.ts';
import { FORM_SECONDS } from './metadata.ts';
import { readClick, type Click } from './origin.ts';
import { LATE, orLate } from './tasks.ts';
import { toSlackView } from './web.ts';

/** How long the look-ups may take before a placeholder is opened: a second is left for the call itself. */
const LOOKUP_MS = 1200;

/**
 * Opens the view that `build` makes: immediately, or as a placeholder that is filled when it is ready.
 *
 * @param refused Called with the reason when nothing could be opened.
 */
export async function openView(
  desk: Desk<unknown>,
  trigger: string,
  build: Promise<View>,
  refused: (error: CountersignError) => Promise<void>,
): Promise<void> {
  let view: View | typeof LATE;
  try {
    view = await orLate(build, LOOKUP_MS);
  } catch (error) {
    return refused(readable(desk, error));
  }
  let id: string | undefined;
  try {
    const modal = view === LATE ? loadingModal() : view;
    id = await opened(desk, trigger, modal);
  } catch (error) {
    desk.log.warn({ error: messageOf(error) }, 'Slack did not open a form');
    build.catch(() => undefined);
    return refused(
      new CountersignError(
        'unavailable',
        'Slack did not open the form in time; click again, or decide in the console',
        {
          cause: error,
        },
      ),
    );
  }
  if (view !== LATE || id === undefined) return;
  let filled: View;
  try {
    filled = await build;
  } catch (error) {
    filled = textModal('Not possible', `${readable(desk, error).message}. Nothing was changed.`);
  }
  await desk.client.views.update({ view_id: id, view: toSlackView(filled) });
}

/** @returns the view's id. A client without alerts gets the form without them. */
async function opened({ client }: Desk<unknown>, trigger: string, modal: View): Promise<string | undefined> {
  const open = (view: View) => client.views.open({ trigger_id: trigger, view: toSlackView(view) });
  const answer = await open(modal).catch((error: unknown) => {
    if (!modal.blocks.some(({ type }) => type === 'alert') || !refusesBlocks(error)) throw error;
    return open(inPlain(modal));
  });
  return answer.view?.id;
}

/** What a form carries, for a click on one of our messages. */
export function sealedFor(
  desk: Desk<unknown>,
  kind: ViewName,
  origin: SlackOrigin,
  admitted: AdmittedClick,
  shownHash = admitted.shownHash,
): string {
  const { posted, subject, value } = admitted;
  return desk.seal.seal({
    kind,
    ...origin,
    tenant: posted.tenant,
    action: posted.action,
    stage: value.stage,
    shown: shownHash,
    about: aboutOf(subject.message),
    expires: Math.floor(desk.now() / 1000) + FORM_SECONDS,
  });
}

/** Handles a click on a button that opens a form about a posted message. */
export async function openForm(
  desk: Desk<DecisionDoor>,
  kind: ViewName,
  body: BlockAction,
  respond: RespondFn | undefined,
  build: (admitted: AdmittedClick, click: Click) => View,
): Promise<void> {
  let click: Click;
  try {
    click = readClick(body);
  } catch (error) {
    return desk.log.warn({ error: messageOf(error) }, 'a malformed click was refused');
  }
  const { origin, trigger } = click;
  const prepared = (async () => {
    const admitted = await admitClick(desk, click);
    const { subject, person } = admitted;
    await subject.check(person.id);
    const { action, alike } = subject.message;
    const about = kind === 'alike' ? [action, ...alike.map((other) => other.action)] : [action];
    await Promise.all(about.map((one) => desk.door.keepShown(subject.message, one)));
    return build(admitted, click);
  })();
  await openView(desk, trigger, prepared, async (error) => {
    const posted = await desk.door.posted(origin.workspace, origin.channel, origin.message).catch(() => null);
    keepRefusal(desk, kind, error, origin, {
      tenant: posted?.tenant ?? null,
      action: posted?.action ?? null,
      person: null,
    });
    await whisper(desk, origin, respond, await explain(desk, error, posted));
    await rerender(desk, origin);
  });
}
