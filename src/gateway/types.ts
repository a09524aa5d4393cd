/** The one door to an action (docs/architecture.md): Slack, HTTP, command line and console all come through here. */
import type { Action, DecisionInput, Door, Envelope, Judgement, OutcomeInput, Receipt } from '../contract/index.ts';
import type { Payload } from '@temporalio/common';
import type { ExportFormat } from '../export/index.ts';
import type { Caller } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { AttemptFilter } from '../store/index.ts';
import type { ActionLists } from './action-list-types.ts';
import type { Auditing } from './finding-types.ts';
import type { Inboxes } from './inbox-types.ts';
import type { LogStates } from './log-state.ts';
import type { SavedViews } from './saved-views.ts';
import type { AccessRequests, Authzen } from './authzen-types.ts';
import type { Plans } from './plans/types.ts';
import type { Statements } from './statement-types.ts';
import type { Exported } from './exported.ts';
import type { Opening, RecordItem } from '../sealing/index.ts';
import type { Provisioning, ReadTokenInput } from './provisioning-types.ts';
import type { SecurityEvents, Sessions } from './session-types.ts';
import type { BacktestInput, PolicyPublication, SuggestInput } from './policy-types.ts';
import type {
  ApiKeyView,
  AttemptPage,
  SurfaceList,
  LimitList,
  BacktestView,
  SuggestionsView,
  BreakGlassReport,
  DelegationView,
  FreezeView,
  DrillInput,
  DrillReport,
  GrantView,
  PlantedDrill,
  KeyView,
  NewApiKey,
  OverridesReport,
  NewReadToken,
  PasskeyView,
  PolicyPage,
  PolicyView,
  ExecutionResult,
  Redeemed,
  ReadTokenView,
  ReplayView,
  ReviewView,
  RotatedKey,
  RowDifferences,
  ShownAgain,
  NewTenant,
  SigningKeyView,
  StartToken,
  TenantView,
  Whole,
} from '../contract/views/index.ts';
import type {
  RedeemInput,
  ReviewInput,
  ApiKeyInput,
  FreezeInput,
  DelegateInput,
  PasskeyOptions,
  DecisionOptions,
  RotateKeyInput,
  RevokeKeyInput,
  SlackEvidence,
  StartTokenInput,
  TenantInput,
} from './inputs.ts';

export * from './inputs.ts';
export type { AccessRequests, Authzen } from './authzen-types.ts';
export type { ActionLists } from './action-list-types.ts';
export type { Auditing } from './finding-types.ts';
export type { Inboxes } from './inbox-types.ts';
export type { LogStates } from './log-state.ts';
export type { SavedViews } from './saved-views.ts';
export type { Statements } from './statement-types.ts';
export type {
  ApiKeyView,
  BreakGlassReport,
  BrokenGlassItem,
  DelegationView,
  FreezeView,
  PasskeyView,
  Redeemed,
  ReviewView,
  RotatedKey,
  ShownAgain,
  SigningKeyView,
} from '../contract/views/index.ts';

/** A new or repeated request, and its current action. */
/** An action, found by its id, its permit or the caller's idempotency key. */
export type AboutAction = { action: string } | { permit: string } | { idempotencyKey: string };

export interface Answered {
  action: Action;
  /** Proof of a refusal; null while the action is not refused. */
  receipt: Receipt | null;
}

export interface RecordQuery {
  surface?: string | undefined;
  action?: string | undefined;
  actor?: string | undefined;
  approver?: string | undefined;
  decision?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
}

/** What an export takes beside that. */
export interface ExportQuery extends RecordQuery {
  /** Ids of actions with blanks between, for an archive of just these. */
  actions?: string | undefined;
  /** How they were drawn, in words. */
  sample?: string | undefined;
}

export interface RecordPage {
  /** The requested period, if there is one: from this instant on, and before that one. */
  from?: string;
  to?: string;
  records: RecordItem[];
  next_cursor: string | null;
}

/** Who presents a credential. */
export interface Authentication {
  /** @throws CountersignError `unauthenticated`; `forbidden` for a token that only reads the log */
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** As `authenticate`, also for tokens that read the log and do nothing else. */
  authenticateReader(authorization: string | undefined): Promise<Caller>;
  /** Also a token that reads the records of some surfaces. */
  authenticateRecordReader(authorization: string | undefined): Promise<Caller>;
}

/** Asking for actions. */
export interface Actions {
  /** {@link Actions.request} in the name of the caller that `authorization` names. @throws CountersignError `unauthenticated` */
  submit(
    authorization: string | undefined,
    body: unknown,
    idempotencyKey: string | undefined,
    waitMs: number,
  ): Promise<Answered>;
  /** Starts the action, or finds it by its key. Answers when the verdict is sealed, or after `waitMs` when it is parked. */
  request(caller: Caller, body: unknown, idempotencyKey: string | undefined, waitMs: number): Promise<Answered>;
  action(caller: Caller, id: string, waitMs: number): Promise<Action>;
  /**
   * Hash of the action's newest record; null for an action without records. It goes beside answers that already show that the action
   * exists.
   */
  newestRecord(caller: Caller, about: AboutAction): Promise<string | null>;
  /** For a caller who starts this very action through Temporal. */
  startToken(caller: Caller, input: StartTokenInput): Promise<StartToken>;
  answer(caller: Caller, id: string, text: string): Promise<Action>;
  cancel(caller: Caller, id: string): Promise<Action>;
  /** Judges a released, unredeemed action again and gives it a fresh permit. The permit before it no longer counts. */
  collect(caller: Caller, id: string): Promise<Action>;
}

/** Deciding about parked actions. */
export interface Approvals {
  decide(caller: Caller, id: string, input: DecisionInput, door: Door, evidence?: SlackEvidence): Promise<Action>;
  /**
   * As `decide`, for an action that was read already. After a break-glass release, approving and refusing are findings of its review.
   *
   * @param state of the caller's tenant
   */
  decideOrReview(
    caller: Caller,
    state: ActionState,
    input: DecisionInput,
    door: Door,
    evidence?: SlackEvidence,
  ): Promise<Action>;
  /**
   * Everything that a decision rests on, uncut; sealed as an opening.
   *
   * @throws CountersignError `not-found` · `conflict` when it was erased
   */
  whole(caller: Caller, id: string): Promise<Whole>;
  /** Whether this person could decide now, without deciding. @throws CountersignError as `decide` would */
  check(caller: Caller, state: ActionState): Promise<void>;
  /** What the caller's passkey has to sign for this decision. @throws CountersignError as `decide` would */
  decisionOptions(caller: Caller, id: string, input: DecisionInput, door: Door): Promise<DecisionOptions>;
}

/** Reviews of break-glass releases. */
export interface Reviews {
  review(caller: Caller, id: string, input: ReviewInput, door: Door, evidence?: SlackEvidence): Promise<Action>;
  /** Reviews of break-glass releases, the first due first. */
  reviews(caller: Caller, status?: string): Promise<ReviewView[]>;
  /** Every break-glass release of a period, for auditors and owners. */
  breakGlassReport(caller: Caller, from: string | undefined, to: string | undefined): Promise<BreakGlassReport>;
  /** What people let through in a period, with totals. @throws CountersignError `forbidden` */
  overridesReport(caller: Caller, from: string | undefined, to: string | undefined): Promise<OverridesReport>;
}

/** How released actions ended. */
export interface Outcomes {
  /**
   * What the engine got when it executed an action, for the requester's side.
   *
   * @throws CountersignError `not-found` where there is none
   */
  result(caller: Caller, id: string): Promise<ExecutionResult>;
  report(caller: Caller, id: string, outcome: OutcomeInput): Promise<Action>;
  /** {@link Outcomes.report} in the name of the caller that `authorization` names. @throws CountersignError `unauthenticated` */
  tell(authorization: string | undefined, id: string, outcome: OutcomeInput): Promise<Action>;
  reconcile(
    caller: Caller,
    id: string,
    input: { status: 'executed' | 'failed' | 'skipped'; reason: string },
  ): Promise<Action>;
}

/** Attempts that did not count. */
export interface Attempts {
  /** An address presented no good credential. */
  unauthenticated(address: string): void;
  /** For owners and auditors, newest first. @throws CountersignError `forbidden` */
  attempts(caller: Caller, filter: AttemptFilter, cursor: string | undefined, limit: number): Promise<AttemptPage>;
}

/** What is governed. */
export interface Coverage {
  /** For owners and auditors. @throws CountersignError `forbidden` */
  surfaces(caller: Caller): Promise<SurfaceList>;
  /** What is taken of each limit in force. For owners and auditors. @throws CountersignError `forbidden` */
  limits(caller: Caller): Promise<LimitList>;
}

export interface RedeemedPermit {
  redeemed: Redeemed;
  /** Hash of the redemption's record, the newest of its action. */
  record: string;
}

export interface Permits {
  redeem(caller: Caller, input: RedeemInput): Promise<RedeemedPermit>;
  /** {@link Permits.redeem} in the name of the caller that `authorization` names. @throws CountersignError `unauthenticated` */
  present(authorization: string | undefined, input: RedeemInput): Promise<RedeemedPermit>;
}

export interface Passkeys {
  passkeyOptions(caller: Caller): Promise<PasskeyOptions>;
  enrolPasskey(caller: Caller, input: { response: object; name?: string | undefined }): Promise<PasskeyView>;
  passkeys(caller: Caller): Promise<PasskeyView[]>;
  revokePasskey(caller: Caller, id: string, reason: string): Promise<void>;
}

export interface ApiKeys {
  /** Makes a key of a service; `key` is shown this once. */
  makeApiKey(caller: Caller, input: ApiKeyInput): Promise<NewApiKey>;
  apiKeys(caller: Caller): Promise<ApiKeyView[]>;
  revokeApiKey(caller: Caller, id: string): Promise<void>;
}

export interface TenantAdministration {
  /** Makes a tenant; `key` is shown this once. */
  makeTenant(caller: Caller, input: TenantInput): Promise<NewTenant>;
  tenants(caller: Caller): Promise<TenantView[]>;
}

export interface ReadTokens {
  /** Makes a token that reads the log; `token` is shown this once. */
  makeReadToken(caller: Caller, input: ReadTokenInput): Promise<NewReadToken>;
  readTokens(caller: Caller): Promise<ReadTokenView[]>;
  revokeReadToken(caller: Caller, id: string): Promise<void>;
}

export interface RowChecks {
  /** Rows of the database that are not what the sealed records say, page by page. */
  rowDifferences(caller: Caller, cursor: string | undefined): Promise<RowDifferences>;
}

export interface SigningKeys {
  rotateKey(caller: Caller, input: RotateKeyInput): Promise<RotatedKey>;
  revokeKey(caller: Caller, input: RevokeKeyInput): Promise<KeyView>;
  signingKeys(caller: Caller): SigningKeyView[];
}

export interface Freezes {
  freeze(caller: Caller, input: FreezeInput, door: Door, slack?: SlackEvidence['slack']): Promise<FreezeView>;
  thaw(caller: Caller, id: string, reason: string, door: Door, slack?: SlackEvidence['slack']): Promise<FreezeView>;
  freezes(caller: Caller): Promise<FreezeView[]>;
}

export interface Delegations {
  delegate(caller: Caller, input: DelegateInput): Promise<DelegationView>;
  delegations(caller: Caller): Promise<DelegationView[]>;
  revokeDelegation(caller: Caller, id: string): Promise<void>;
}

/** Standing approvals. */
export interface Grants {
  grants(caller: Caller): Promise<GrantView[]>;
  revokeGrant(caller: Caller, id: string, reason: string | null): Promise<void>;
}

/** Planted requests that are never released. */
export interface DrillDoor {
  plantDrill(caller: Caller, input: DrillInput): Promise<PlantedDrill>;
  drillReport(caller: Caller): Promise<DrillReport>;
}

/** Sealed records, and what was kept beside them. */
export interface Records {
  records(caller: Caller, filter: RecordQuery, cursor: string | undefined, limit: number): Promise<RecordPage>;
  record(caller: Caller, hash: string): Promise<RecordItem>;
  receipt(caller: Caller, hash: string): Promise<Receipt>;
  /** The decision about a deployment as an in-toto statement. @throws CountersignError `not-found` where there is none */
  statement(caller: Caller, hash: string): Promise<Envelope>;
  /** What its approver was shown. @throws CountersignError `not-found` · `conflict` when it was erased */
  renderingOf(caller: Caller, hash: string): Promise<ShownAgain>;
  /** Judges a sealed verdict again. */
  replay(caller: Caller, hash: string): Promise<ReplayView>;
}

export interface Exports {
  /** Streams every record that fits. The export is sealed before the first byte. */
  export(caller: Caller, format: ExportFormat, filter: ExportQuery): Promise<Exported>;
}

/** What Temporal keeps encrypted, for those who may read it. */
export interface PayloadReading {
  /**
   * Returns unencrypted payloads unchanged.
   *
   * @throws CountersignError `forbidden`; `invalid-request` for a payload that no key of this stack opens
   */
  decodePayloads(caller: Caller, payloads: readonly Payload[]): Promise<Payload[]>;
  encodePayloads(caller: Caller, payloads: readonly Payload[]): Promise<Payload[]>;
}

/** Deletes requests, and shows single values of them. */
export interface Privacy {
  /** Deletes the payload of a closed action, its key and its history. */
  erase(caller: Caller, id: string, reason: string): Promise<Action>;
  /** Opens one commitment of a record. */
  open(caller: Caller, hash: string, input: { path: string; reason: string }): Promise<Opening>;
}

export interface Policies {
  /** What-if: verdict and trace; nothing is started, reserved or sealed. */
  evaluate(caller: Caller, body: unknown): Promise<Judgement>;
  /** Checks and stores a bundle, and asks for it to come into force: a governed action like any other. */
  publishPolicy(
    caller: Caller,
    input: PolicyPublication,
    idempotencyKey: string | undefined,
    waitMs: number,
  ): Promise<Answered>;
  policies(caller: Caller, cursor: string | undefined, limit: number): Promise<PolicyPage>;
  policy(caller: Caller, hash: string): Promise<PolicyView>;
  backtest(caller: Caller, input: BacktestInput): Promise<BacktestView>;
  suggestPolicies(caller: Caller, input: SuggestInput): Promise<SuggestionsView>;
}

/** All parts together, for the composition of a process. A route, listener or check takes only the parts it uses. */
export type Gateway = Authentication &
  Attempts &
  Actions &
  Authzen &
  AccessRequests &
  Approvals &
  Plans &
  Reviews &
  Outcomes &
  Permits &
  ActionLists &
  Inboxes &
  LogStates &
  SavedViews &
  Statements &
  Auditing &
  Coverage &
  Passkeys &
  ApiKeys &
  ReadTokens &
  Provisioning &
  Sessions &
  SecurityEvents &
  RowChecks &
  SigningKeys &
  TenantAdministration &
  Freezes &
  Delegations &
  Grants &
  DrillDoor &
  Records &
  Exports &
  PayloadReading &
  Privacy &
  Policies;
