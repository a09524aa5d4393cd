/** The words of AuthZEN's Access Request and Approval Profile, a draft: only its core, with one completion mode. */
import { z } from 'zod';
import { questionSchema } from './authzen.ts';
import { jsonObject } from './request.ts';

/** What a decision point says in its metadata when denials can be asked for. */
export const ACCESS_REQUEST_CAPABILITY = 'urn:openid:authzen:capability:access-request';

/** A denial that may be asked for, sent back to be asked for. */
export const accessRequestSchema = questionSchema
  .extend({
    denial: z.looseObject({
      expires_at: z.iso.datetime({ offset: true }),
      binding_token: z.string().min(1).max(16_384).meta({ description: 'As it came with the denial, unread.' }),
      evaluation_id: z.string().max(256).optional(),
    }),
    requested_access: jsonObject.optional(),
  })
  .meta({ id: 'AccessRequest' });
export type AccessRequest = z.infer<typeof accessRequestSchema>;

export const TASK_STATUSES = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'failed'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

const approvalReferenceSchema = z.strictObject({
  id: z.string(),
  approved_at: z.iso.datetime().optional(),
  approved_until: z.iso.datetime(),
});
export type ApprovalReference = z.infer<typeof approvalReferenceSchema>;

export const accessTaskSchema = z
  .strictObject({
    task: z.strictObject({
      id: z.string(),
      status: z.enum(TASK_STATUSES),
      status_endpoint: z.string(),
      progress: z
        .strictObject({ current_step: z.int(), total_steps: z.int(), step_name: z.string() })
        .optional()
        .meta({ description: 'Of the approval; it names no people.' }),
      expires_at: z.iso.datetime().optional(),
      links: z.strictObject({ cancel: z.string() }).optional(),
    }),
    result: z.strictObject({ mode: z.literal('reevaluate'), approval: approvalReferenceSchema }).optional(),
  })
  .meta({ id: 'AccessTask' });
export type AccessTaskView = z.infer<typeof accessTaskSchema>;

/** The current task, at any door. */
export interface AccessTask {
  id: string;
  status: TaskStatus;
  progress: AccessTaskView['task']['progress'];
  expiresAt: string | null;
  approval: ApprovalReference | null;
}
