/** What the gateway offers to people who sign in. */
import type { DeviceView, Me, NewSession, SessionView } from '../contract/views/index.ts';
import type { Caller, SignedIn } from '../identity/index.ts';

/** What happens after a sign-in in a browser. */
export interface SignInPlan {
  /** The path on this server that the browser goes to afterwards. */
  to: string;
  /** A command line that waits on this machine, for a code that only it can use. */
  cli: { port: number; state: string; challenge: string } | null;
}

export interface Sessions {
  /** @returns where the browser goes, and what it has to bring back. */
  beginSignIn(
    provider: string | undefined,
    redirectUri: string,
    maxAge: number | null,
    plan: SignInPlan,
  ): Promise<{ url: string; pending: string }>;
  /** @throws CountersignError `unauthenticated` */
  finishSignIn(callback: URL, pending: string): Promise<{ who: SignedIn; plan: SignInPlan }>;
  /** @throws CountersignError `unauthenticated` for somebody who is not in the directory */
  openSession(who: SignedIn): Promise<NewSession>;
  /** A code that opens one session. With a `challenge`, only the holder of its verifier can use the code. */
  loginCode(who: SignedIn, challenge: string | null, seconds: number): Promise<string>;
  /** @throws CountersignError `unauthenticated` for a code that does not count, or did already */
  redeemLoginCode(code: string, verifier: string | undefined): Promise<NewSession>;
  beginDevice(provider: string | undefined): Promise<DeviceView>;
  /** Null while nobody has signed in. */
  redeemDevice(device: string): Promise<NewSession | null>;
  me(caller: Caller): Promise<Me>;
  /** A person's own; for an owner all of the tenant. */
  sessions(caller: Caller): Promise<SessionView[]>;
  /** @param id `current` for the one that asks */
  endSession(caller: Caller, id: string): Promise<void>;
}

export interface SecurityEvents {
  /**
   * Takes a security event token (RFC 8417). The same one again changes nothing.
   *
   * @throws CountersignError `unauthenticated`, `invalid-request`
   */
  securityEvent(token: string): Promise<void>;
}
