/** Connectors as the engine sees them: they execute what was released, and know the credentials that it needs. */
import type { ActionRequest, ExecutionFact, JsonObject } from '../contract/index.ts';

/** What a connector is given to execute. */
export interface ConnectorRun {
  /** As it was released, with every change. */
  request: ActionRequest;
  /** As it was judged: what is executed stays within it. */
  fact: ExecutionFact;
  /** The same for every attempt: the action's id. */
  key: string;
  /** From 1. */
  attempt: number;
  /** What an attempt before this one noted last, null where none did. */
  before: JsonObject | null;
  /**
   * Keeps how far it got, for the next attempt, before it goes on.
   *
   * @throws CountersignError where another process took over: do nothing more
   */
  note(note: JsonObject): Promise<void>;
}

/**
 * How it went. `again`: nothing happened, or the same key makes another try harmless. `unknown`: it may have happened, and nobody can
 * tell, so it is not tried again. Texts are the connector's own words, and hold no secret.
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
   * What judging has to know of a request, or why it can never be executed, in words for its record. Leaves nothing changed: what is
   * tried out is rolled back.
   */
  measure(request: ActionRequest): Promise<{ fact: ExecutionFact } | { fault: string }>;
  execute(run: ConnectorRun): Promise<ConnectorAnswer>;
}

/** The connectors of this stack. */
export interface Connectors {
  /** The one that a request of a tenant names, if it serves the request's surface and action. */
  find(tenant: string, request: Pick<ActionRequest, 'surface' | 'action' | 'execution'>): Connector | null;
}
