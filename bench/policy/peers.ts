/** The same 20-rule policy in the peers' own form: the last rule matches, and each rule compares two fields. */
import { parse as celParse, plan, celEnv } from '@bufbuild/cel';
import cedar from '@cedar-policy/cedar-wasm/nodejs';
import { Environment } from '@marcbachmann/cel-js';
import { newEnforcer, newModelFromString } from 'casbin';
import { Engine } from 'json-rules-engine';
import type { ActionRequest } from '../../src/contract/index.ts';

export const RULES = 20;

/** The request that only the last rule approves. */
export const REQUEST: ActionRequest = {
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent', roles: ['support'], groups: ['emea'] },
  resource: { type: 'order', id: 'ord_991', version: 'etag-7' },
  params: { amount: RULES, currency: 'USD' },
  context: { folder: '/emea/support', environment: 'production', urgency: 'normal' },
};

export const condition = (rule: number): string => `context.environment == "production" && params.amount <= ${rule}`;

const rules = Array.from({ length: RULES }, (_, index) => index + 1);

/** A peer answers true when the request is approved. */
export interface Peer {
  name: string;
  judge: () => boolean | Promise<boolean>;
}

/** All peers, ready. */
export async function makePeers(): Promise<Peer[]> {
  return [byHand(), cel(), celJs(), cedarWasm(), await casbin(), jsonRulesEngine()];
}

function byHand(): Peer {
  const judge = (): boolean => {
    for (const rule of rules) {
      if (REQUEST.context?.environment === 'production' && Number(REQUEST.params?.['amount']) <= rule) return true;
    }
    return false;
  };
  return { name: 'hand-written function', judge };
}

function cel(): Peer {
  const env = celEnv();
  const plans = rules.map((rule) => plan(env, celParse(condition(rule))));
  return { name: '@bufbuild/cel alone', judge: () => plans.some((evaluate) => evaluate(REQUEST as never) === true) };
}

function celJs(): Peer {
  const env = new Environment({ unlistedVariablesAreDyn: true });
  const compiled = rules.map((rule) => env.parse(condition(rule).replace(/(\d+)$/, '$1.0')));
  return { name: '@marcbachmann/cel-js alone', judge: () => compiled.some((evaluate) => evaluate(REQUEST) === true) };
}

function cedarWasm(): Peer {
  const policies = rules.map(
    (rule) =>
      `permit (principal, action, resource) when { context.environment == "production" && context.amount <= ${rule} };`,
  );
  cedar.preparsePolicySet('bench', { staticPolicies: policies.join('\n') });
  const call = {
    principal: { type: 'Agent', id: REQUEST.actor.id },
    action: { type: 'Action', id: REQUEST.action },
    resource: { type: 'Order', id: 'ord_991' },
    context: { environment: 'production', amount: RULES },
    entities: [],
    preparsedPolicySetId: 'bench',
  };
  return {
    name: 'Cedar WASM',
    judge: () => {
      const answer = cedar.statefulIsAuthorized(call);
      return answer.type === 'success' && answer.response.decision === 'allow';
    },
  };
}

async function casbin(): Promise<Peer> {
  const enforcer = await newEnforcer(
    newModelFromString(`
[request_definition]
r = req
[policy_definition]
p = rule
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = eval(p.rule)`),
  );
  for (const rule of rules) {
    await enforcer.addPolicy(`r.req.context.environment == "production" && r.req.params.amount <= ${rule}`);
  }
  return { name: 'casbin', judge: () => enforcer.enforceSync(REQUEST) };
}

function jsonRulesEngine(): Peer {
  const engine = new Engine(
    rules.map((rule) => ({
      priority: RULES + 1 - rule,
      conditions: {
        all: [
          { fact: 'context', path: '$.environment', operator: 'equal', value: 'production' },
          { fact: 'params', path: '$.amount', operator: 'lessThanInclusive', value: rule },
        ],
      },
      event: { type: 'approve' },
    })),
  );
  return {
    name: 'json-rules-engine',
    judge: async () => (await engine.run({ context: REQUEST.context, params: REQUEST.params })).events.length > 0,
  };
}
