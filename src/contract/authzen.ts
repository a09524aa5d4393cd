/** The words of the OpenID AuthZEN Authorization API 1.0. What a decision point does not know in a message, it ignores. */
import { z } from 'zod';
import { jsonObject } from './request.ts';

const text = z.string().min(1).max(1024);

/** Most evaluations of one message. */
export const EVALUATIONS_MAX = 100;

export const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
export type Semantic = (typeof SEMANTICS)[number];

const entity = { type: text, id: text, properties: jsonObject.optional() };

const subjectSchema = z
  .looseObject(entity)
  .meta({ description: 'Who acts.', examples: [{ type: 'agent', id: 'bot' }] });
const actionSchema = z.looseObject({ name: text, properties: jsonObject.optional() }).meta({
  description: 'What it does; a policy maps its properties to `params`.',
  examples: [{ name: 'refund.create' }],
});
const resourceSchema = z
  .looseObject(entity)
  .meta({ description: 'What it is done to.', examples: [{ type: 'order', id: 'ord_991' }] });

/** One question to a policy decision point. */
export const questionSchema = z
  .looseObject({
    subject: subjectSchema,
    action: actionSchema,
    resource: resourceSchema,
    context: jsonObject.optional(),
  })
  .meta({ id: 'AuthzenEvaluation' });
export type AuthzenQuestion = z.infer<typeof questionSchema>;

/** Several questions. What stands beside them is the default of each that leaves it out. */
export const questionsSchema = z
  .looseObject({
    subject: subjectSchema.optional(),
    action: actionSchema.optional(),
    resource: resourceSchema.optional(),
    context: jsonObject.optional(),
    evaluations: z.array(jsonObject).max(EVALUATIONS_MAX).optional(),
    options: z.looseObject({ evaluations_semantic: z.enum(SEMANTICS).optional() }).optional(),
  })
  .meta({ id: 'AuthzenEvaluations' });
export type AuthzenQuestions = z.infer<typeof questionsSchema>;

/** The answer: `true` lets the caller go ahead, once; everything else does not. */
export const authzenDecisionSchema = z
  .strictObject({ decision: z.boolean(), context: jsonObject.optional() })
  .meta({ id: 'AuthzenDecision' });
export type AuthzenDecision = z.infer<typeof authzenDecisionSchema>;

export const authzenDecisionsSchema = z
  .strictObject({ evaluations: z.array(authzenDecisionSchema) })
  .meta({ id: 'AuthzenDecisions' });
export type AuthzenDecisions = z.infer<typeof authzenDecisionsSchema>;

/** What a decision point says of itself. */
export const authzenConfigurationSchema = z
  .strictObject({
    policy_decision_point: z.string(),
    access_evaluation_endpoint: z.string(),
    access_evaluations_endpoint: z.string(),
    access_request_endpoint: z.string().optional(),
    jwks_uri: z.string().optional(),
    capabilities: z.array(z.string()),
  })
  .meta({ id: 'AuthzenConfiguration' });
export type AuthzenConfiguration = z.infer<typeof authzenConfigurationSchema>;
