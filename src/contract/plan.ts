/** Several steps that are reviewed as one: each is a governed action, and its sealed verdict binds it to its plan. */
import { z } from 'zod';
import { pointerOf } from '../canonical/index.ts';
import { CountersignError, isCountersignError } from './errors.ts';
import { checkShape, readRequest } from './reading.ts';
import { actionRequestSchema, type ActionRequest } from './request.ts';

/** Steps that one plan may have. */
export const PLAN_STEPS_MAX = 100;

/** Bytes of the body of a plan. */
export const PLAN_BODY_BYTES = 1024 * 1024;

/** `pln_` and the SHA-256 of an idempotency key. */
export const PLAN_ID = /^pln_[0-9a-f]{64}$/;

/** `sequence`: a step is released once those before it are executed. `any`: all are released as soon as the plan is reviewed. */
export const PLAN_ORDERS = ['sequence', 'any'] as const;
export type PlanOrder = (typeof PLAN_ORDERS)[number];

/** What happens to the other steps when one is not executed: they are withdrawn, or continue without it. */
export const PLAN_FAILURES = ['withdraw', 'continue'] as const;
export type PlanFailure = (typeof PLAN_FAILURES)[number];

const stepsSchema = z.array(z.unknown()).min(1).max(PLAN_STEPS_MAX);

const rules = {
  title: z.string().trim().min(1).max(150).optional().meta({
    description: 'What the plan is for, in a few words; approvers see it.',
  }),
  order: z.enum(PLAN_ORDERS).default('sequence').meta({
    description:
      '`sequence`: a step gets its permit once those before it are executed. `any`: without waiting for them.',
  }),
  onFailure: z.enum(PLAN_FAILURES).default('withdraw').meta({
    description: 'When a step does not come to be executed: `withdraw` the others, or `continue` without it.',
  }),
  open: z.boolean().optional().meta({
    description:
      'More steps may follow as they come (`POST /v1/plans/{id}/steps`), each reviewed then; default: these are all.',
  }),
};

/** What is posted to `/v1/plans`. */
export const planRequestSchema = z
  .strictObject({ steps: z.array(actionRequestSchema).min(1).max(PLAN_STEPS_MAX), ...rules })
  .meta({ id: 'PlanRequest' });
export type PlanRequest = z.output<typeof planRequestSchema>;

/** The same without its steps. */
const frameSchema = z.strictObject({ steps: stepsSchema, ...rules });

/** What is posted to `/v1/plans/{id}/steps`. */
export const planStepsSchema = z
  .strictObject({
    at: z
      .int()
      .positive()
      .max(PLAN_STEPS_MAX - 1)
      .meta({
        description:
          'The number of the first of them, from 0: how many steps the plan has. The same steps at the same place are the same steps for ever.',
      }),
    steps: z.array(actionRequestSchema).min(1).max(PLAN_STEPS_MAX),
  })
  .meta({ id: 'PlanSteps' });
export type PlanSteps = z.output<typeof planStepsSchema>;

const moreSchema = z.strictObject({ at: planStepsSchema.shape.at, steps: stepsSchema });

/** What the engine carries out itself has no permit that could wait for its turn. */
const ENGINE_SURFACE = 'countersign.policy';

/**
 * A body as a plan. One step that does not fit refuses the whole, before anything starts.
 *
 * @throws CountersignError `invalid-request` with pointers into the plan · `body-too-large`
 */
export function readPlan(body: unknown): PlanRequest {
  checkShape(body, 'the plan');
  const { open, steps, ...frame } = fitting(frameSchema, body);
  return { ...frame, ...(open === true ? { open } : {}), steps: steps.map((step, index) => readStep(step, index)) };
}

/**
 * A body as the next steps of an open plan.
 *
 * @throws CountersignError `invalid-request` with pointers into it · `body-too-large`
 */
export function readPlanSteps(body: unknown): PlanSteps {
  checkShape(body, 'the steps');
  const { at, steps } = fitting(moreSchema, body);
  if (at + steps.length > PLAN_STEPS_MAX) {
    const detail = `a plan has at most ${PLAN_STEPS_MAX} steps; submit another for what is left`;
    throw unplanned('/steps', detail);
  }
  return { at, steps: steps.map((step, index) => readStep(step, index)) };
}

function fitting<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));
  const [first] = errors;
  throw new CountersignError(
    'invalid-request',
    `the plan does not fit: ${first?.pointer || 'the top level'}: ${first?.detail ?? 'unknown'}`,
    { errors },
  );
}

function readStep(step: unknown, index: number): ActionRequest {
  try {
    const request = readRequest(step);
    if (request.surface === ENGINE_SURFACE) throw unplanned('/surface', 'a policy is published alone, not in a plan');
    if (request.context?.urgency === 'emergency') {
      throw unplanned('/context/urgency', 'an emergency is asked for alone, not in a plan');
    }
    return request;
  } catch (error) {
    throw inStep(error, index);
  }
}

const unplanned = (pointer: string, detail: string): CountersignError =>
  new CountersignError('invalid-request', detail, { errors: [{ pointer, detail }] });

/** What is wrong with a step, with pointers into the plan. */
export function inStep(error: unknown, index: number): unknown {
  if (!isCountersignError(error)) return error;
  const items = error.errors.length > 0 ? error.errors : [{ pointer: '', detail: error.message }];
  return new CountersignError(error.code, `step ${index + 1}: ${error.message}; nothing of the plan was begun`, {
    cause: error,
    errors: items.map(({ pointer, detail }) => ({ pointer: `/steps/${index}${pointer}`, detail })),
    extensions: error.extensions,
  });
}

/** Which step of which plan an action is, sealed in its verdict. */
export const planStepSchema = z.strictObject({
  plan: z.string().regex(PLAN_ID),
  /** From 0, in the order of the plan. */
  index: z
    .int()
    .nonnegative()
    .max(PLAN_STEPS_MAX - 1),
  /** How many steps the plan had once this one came. */
  of: z.int().positive().max(PLAN_STEPS_MAX),
  /** `sha256:` over these: the rules of the plan, and the request hash of every step in their order. */
  whole: z.string(),
  order: z.enum(PLAN_ORDERS),
  onFailure: z.enum(PLAN_FAILURES),
  title: z.string().nullable(),
  /** More steps may follow. */
  open: z.literal(true).optional(),
});
export type PlanStep = z.infer<typeof planStepSchema>;

/** What people post to `/v1/plans/{id}/decisions`: one decision about all steps that wait for them, or about some. */
export const planDecisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'refuse']),
    steps: z
      .array(
        z
          .int()
          .nonnegative()
          .max(PLAN_STEPS_MAX - 1),
      )
      .max(PLAN_STEPS_MAX)
      .optional()
      .meta({ description: 'Numbers of the steps, from 0; default: all that wait for you. An empty list is none.' }),
    rest: z.literal('refuse').optional().meta({
      description: 'What is said of the others that wait for you: `refuse` them; default: nothing.',
    }),
    reason: z.string().trim().min(1).max(2000).optional(),
  })
  .meta({ id: 'PlanDecision' });
export type PlanDecision = z.infer<typeof planDecisionSchema>;
