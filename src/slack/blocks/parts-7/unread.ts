/** What approvers could not read in the message. */
import type { ApprovalMessage } from '../model.ts';

/** Whether something is to be read elsewhere before this may be approved. */
export const isUnread = ({ ask, unread }: ApprovalMessage): boolean => ask === 'decision' && (unread ?? []).length > 0;

/** Whether some of it is not for Slack at all. */
export const isWithheld = ({ unread }: ApprovalMessage): boolean =>
  (unread ?? []).some(({ why }) => why === 'withheld');
