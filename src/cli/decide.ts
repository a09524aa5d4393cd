/** Shared by `approve` and `refuse`: a human's decision through the command line. */
import { CountersignError, type Action, type DecisionInput } from '../contract/index.ts';
import { actionPath, parseAction, printAction } from './actions.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { call, withHint } from './http.ts';
import type { Io } from './io.ts';
import { usage } from './values.ts';

export interface DecideOptions extends ConnectOptions {
  reason?: string;
  stage?: string;
  json?: boolean;
}

/** Sends the decision and prints the action afterwards. */
export async function decide(
  io: Io,
  id: string,
  decision: Pick<DecisionInput, 'decision' | 'changes' | 'grant'>,
  options: DecideOptions,
): Promise<Action> {
  if (options.stage !== undefined && !/^\d{1,2}$/.test(options.stage)) {
    throw usage(
      `\`--stage ${options.stage}\` is not a stage; stages count from 0, as \`countersign show ${id}\` lists them`,
    );
  }
  const body: DecisionInput = {
    ...decision,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.stage === undefined ? {} : { stage: Number(options.stage) }),
  };
  const path = `${actionPath(id)}/decisions`;
  const connection = await connect(io, options);
  try {
    const headers = { 'countersign-door': 'cli' };
    const action = parseAction(await call(connection, { method: 'POST', path, body, headers }));
    printAction(io, action, options);
    return action;
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'not-an-approver' && options.as === undefined) {
      throw withHint(error, 'to decide as a person, add `--as user:…` or set `COUNTERSIGN_API_KEY` to their token');
    }
    throw error;
  }
}
