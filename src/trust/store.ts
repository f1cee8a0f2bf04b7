import type { AgentId } from '#identity';
import type { ConversationId } from '#protocol';
import type { Contact, ContactState, RequestId, Tier } from './contact.ts';

export interface ContactQuery {
  readonly agent: string;
  readonly states?: readonly ContactState[];
}

export interface InviteRecord {
  readonly id: string;
  readonly agent: string;
  /** Sealed at rest. */
  readonly secret: Uint8Array;
  readonly tier: Tier;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt?: number;
  readonly usedBy?: AgentId;
}

/** Turns of one conversation within the last `windowMs`, of which `most` may start. */
export interface ConversationTurns {
  readonly conversation: ConversationId;
  readonly now: number;
  readonly windowMs: number;
  readonly most: number;
}

export interface FullConversation {
  readonly peer: AgentId;
  readonly conversation: ConversationId;
}

export interface ContactReader {
  byAgentId(agent: string, agentId: AgentId): Contact | undefined;
  byPetname(agent: string, petname: string): Contact | undefined;
  byRequestId(agent: string, requestId: RequestId): Contact | undefined;
  /** Contacts whose agent id begins with the prefix; at most 10. */
  byIdPrefix(agent: string, prefix: string): readonly Contact[];
  list(query: ContactQuery): readonly Contact[];
  /** Contact requests that came in since `since` (ms), decided or not. */
  requestsSince(agent: string, since: number): number;
  /** Whether `useNonce` took it, and it is still kept. */
  hasNonce(signer: AgentId, nonce: string): boolean;
  invite(id: string): InviteRecord | undefined;
  invites(agent: string): readonly InviteRecord[];
  /** Agent turns started for this contact since `since` (ms). */
  turnsSince(agent: string, peer: AgentId, since: number): number;
  /** When one more turn of the conversation may start, in ms since 1970; undefined when one may now. */
  turnFreeAt(agent: string, peer: AgentId, asked: ConversationTurns): number | undefined;
  /** Those in which no turn may start now; at most 100. */
  fullConversations(
    asked: { readonly agent: string } & Omit<ConversationTurns, 'conversation'>,
  ): readonly FullConversation[];
}

export interface ContactWriter extends ContactReader {
  /** Inserts or replaces by (agent, agentId). Throws NAME_TAKEN when another contact has the petname. */
  put(contact: Contact): void;
  delete(agent: string, agentId: AgentId): void;
  /** A rotated key: moves contact, outbox, inbox, dedup and receipts from one id to the other. */
  rename(agent: string, from: AgentId, to: AgentId): void;
  /** Records that a request came in, for `requestsSince`. */
  countRequest(agent: string, at: number): void;
  /** False when this nonce of that signer was used already. Kept until `expiresAt` at least. */
  useNonce(signer: AgentId, nonce: string, expiresAt: number): boolean;
  putInvite(invite: InviteRecord): void;
  countTurns(agent: string, peer: AgentId, turns: { readonly at: number; readonly count: number }): void;
  countConversationTurn(
    agent: string,
    peer: AgentId,
    turn: { readonly conversation: ConversationId; readonly at: number },
  ): void;
  /**
   * Deletes nonces, turn counts and invites that are over at `now`; nonces only when the node ran `ranMs` since they were used. Returns
   * how many rows.
   */
  prune(options: { readonly now: number; readonly ranMs: number }): number;
}
