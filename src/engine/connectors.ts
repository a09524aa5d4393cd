/** The port to connectors, which execute released actions and hold the credentials for that. */
import type { ActionRequest, ExecutionFact, JsonObject } from '../contract/index.ts';

/** What a connector is given to execute. */
export interface ConnectorRun {
  /** The released request, with every change. */
  request: ActionRequest;
  /** The measurement that was judged. The execution must stay within it. */
  fact: ExecutionFact;
  /** The same for every attempt: the action's id. */
  key: string;
  /** From 1. */
  attempt: number;
  /** The last note of an earlier attempt; null where there is none. */
  before: JsonObject | null;
  /**
   * Stores how far this attempt got, for the next one, before it goes on.
   *
   * @throws CountersignError when another process took over; do nothing more then
   */
  note(note: JsonObject): Promise<void>;
}

/**
 * The result of an attempt. `again`: nothing happened, or the same key makes another try harmless. `unknown`: it may have happened and
 * nobody can tell, so it is not tried again. Texts come from the connector and hold no secret.
 */
export type ConnectorAnswer =
  | {
      status: 'executed' | 'failed';
      /** At most 512 characters: in clear in the outcome's record. */
      reference: string | null;
      /** At most 2,000 characters: the record commits to it. */
      detail: string;
      /** Kept with the request, deleted with it, and given to the requester. */
      result?: JsonObject;
    }
  | { status: 'again'; why: string }
  | { status: 'unknown'; why: string };

export interface Connector {
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * What judging has to know of a request, or why it can never be executed, in words for its record. Changes nothing: trials are rolled
   * back.
   */
  measure(request: ActionRequest): Promise<{ fact: ExecutionFact } | { fault: string }>;
  execute(run: ConnectorRun): Promise<ConnectorAnswer>;
}

/** The connectors of this stack. */
export interface Connectors {
  /** The connector that a request names, if it serves the request's surface and action. */
  find(tenant: string, request: Pick<ActionRequest, 'surface' | 'action' | 'execution'>): Connector | null;
}
