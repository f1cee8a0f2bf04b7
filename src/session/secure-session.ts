import type { AgentId, DeviceCertificate, KeyPair } from '#identity';

/** The local end of sessions: who signs. */
export interface SessionSelf {
  readonly agentId: AgentId;
  readonly device: KeyPair;
  readonly certificate: DeviceCertificate;
}

/**
 * Every step leaves the old value as it was. Store `next` and whatever the step made in one transaction, then call
 * `wipe`.
 */
export interface SessionStep {
  readonly next: SecureSession;
  /**
   * Overwrites the secrets that the step used up. Only after the transaction committed; the old value is unusable then.
   */
  wipe(): void;
}

export interface SealedStep extends SessionStep {
  readonly bytes: Uint8Array;
}

export type OpenedStep =
  | (SessionStep & { readonly kind: 'app'; readonly plaintext: Uint8Array })
  | (SessionStep & { readonly kind: 'commit' });

/** End-to-end encrypted state between two agents: an immutable value (PROTOCOL §4). One step at a time. */
export interface SecureSession {
  /** Hex of the random MLS group id. */
  readonly groupId: string;
  readonly epoch: number;
  readonly peer: AgentId;
  /** Seals one batch (plaintext already padded by the protocol room). */
  seal(plaintext: Uint8Array): Promise<SealedStep>;
  /**
   * Throws SESSION_REPLAY for what was opened before, SESSION_BROKEN for what cannot be opened, SIGNATURE_INVALID for
   * forgeries. `now` dates the epoch that a commit begins, and ends the session with the peer's certificate.
   */
  open(bytes: Uint8Array, now: number): Promise<OpenedStep>;
  /** True when the policy asks for new keys and it is this side's turn (leaf index = epoch mod 2). */
  rekeyDue(now: number): boolean;
  /** A self-update commit; the peer must get it before anything sealed with `next`. Throws WRONG_STATE out of turn. */
  commit(now: number): Promise<SealedStep>;
  /** Everything as bytes, with format version: contains secrets, seal it before storing. */
  encode(): Uint8Array;
}

export interface OwnKeyPackage {
  /** Hex of the RFC 9420 key package reference. */
  readonly ref: string;
  readonly publicBytes: Uint8Array;
  /** Secret: seal it before storing; deleted in the transaction that joins with it. */
  readonly privateBytes: Uint8Array;
  readonly expiresAt: number;
}

export interface SessionEngine {
  createKeyPackage(self: SessionSelf, now: number): Promise<OwnKeyPackage>;
  /** Throws KEY_PACKAGE_INVALID (not of this peer, forged, wrong suite) or KEY_PACKAGE_STALE (lifetime over). */
  checkKeyPackage(input: KeyPackageCheck): Promise<{ readonly ref: string; readonly expiresAt: number }>;
  /** Starts a session from a key package of the peer. The first step of the joiner is to commit. */
  create(input: CreateSession): Promise<{ readonly session: SecureSession; readonly welcome: Uint8Array }>;
  /** References of the key packages that a welcome can be joined with. Throws MALFORMED. */
  welcomeRefs(welcome: Uint8Array): readonly string[];
  /** Throws SESSION_BROKEN, KEY_PACKAGE_INVALID, CERTIFICATE_INVALID when the creator is not `peer`. */
  join(input: JoinSession): Promise<SecureSession>;
  /**
   * Throws SESSION_BROKEN when the bytes are damaged, of another format, of another peer or of a device key that was
   * renewed since.
   */
  load(input: LoadSession): SecureSession;
  /** The group id (hex) in the clear header of sealed bytes. Throws MALFORMED. */
  groupIdOf(sealed: Uint8Array): string;
}

export interface KeyPackageCheck {
  readonly bytes: Uint8Array;
  readonly peer: AgentId;
  readonly now: number;
}

export interface CreateSession {
  readonly self: SessionSelf;
  readonly peer: AgentId;
  readonly keyPackage: Uint8Array;
  readonly now: number;
}

export interface JoinSession {
  readonly self: SessionSelf;
  readonly peer: AgentId;
  readonly welcome: Uint8Array;
  /** `privateBytes` and `publicBytes` of the own key package that the welcome names. */
  readonly keyPackage: { readonly publicBytes: Uint8Array; readonly privateBytes: Uint8Array };
  readonly now: number;
}

export interface LoadSession {
  readonly self: SessionSelf;
  readonly peer: AgentId;
  readonly stored: Uint8Array;
}
