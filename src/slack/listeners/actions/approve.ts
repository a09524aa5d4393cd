import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';
import { RENDERER } from '../../blocks/index.ts';
import { admitClick, keepRefusal } from '../../admit.ts';
import { explain, messageOf, readable, rerender, whisper } from '../../answer.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import type { SlackPosted } from '../../../gateway/slack-types.ts';
import { readClick, type Click } from '../../origin.ts';
import { HOLD_MS, LATE, orLate } from '../../tasks.ts';

/**
 * One click decides. Slack gets its answer when the decision is sealed. After two seconds it gets it anyway, and the message and the person
 * are told the result.
 */
export const approveButton =
  (desk: Desk<DecisionDoor>): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack, body, respond }) => {
    let click: Click;
    try {
      click = readClick(body);
    } catch (error) {
      desk.log.warn({ error: messageOf(error) }, 'a malformed click was refused');
      return ack();
    }
    let late = false;
    const work = decide(desk, click, () => late)
      .catch(async (error: unknown) => {
        await whisper(desk, click.origin, respond, await explain(desk, readable(desk, error), await ours(desk, click)));
        await rerender(desk, click.origin);
      })
      .catch((error: unknown) => {
        desk.log.error(
          { ...click.origin, error: messageOf(error) },
          'a person could not be told what became of a click',
        );
      });
    late = (await orLate(work, HOLD_MS)) === LATE;
    if (late) desk.tasks.run('an approval by click', work);
    await ack();
  };

const ours = (desk: Desk<DecisionDoor>, { origin }: Click): Promise<SlackPosted | null> =>
  desk.door.posted(origin.workspace, origin.channel, origin.message).catch(() => null);

async function decide(desk: Desk<DecisionDoor>, click: Click, late: () => boolean): Promise<void> {
  const admitted = await admitClick(desk, click).catch(async (error: unknown) => {
    const posted = await ours(desk, click);
    const about = { tenant: posted?.tenant ?? null, action: posted?.action ?? null, person: null };
    keepRefusal(desk, 'approve', error, click.origin, about);
    throw error;
  });
  const { person, subject, value, shownHash } = admitted;
  await subject.decide({
    person: person.id,
    decision: { decision: 'approve', stage: value.stage },
    slack: click.origin,
    shown: { hash: shownHash, renderer: RENDERER },
    responsibility: subject.message.responsibility,
  });
  // If the decision is in time, the engine's own edit follows immediately. If it is late, Slack may be slow, so the message is also updated
  // here.
  if (late()) await rerender(desk, click.origin);
}
