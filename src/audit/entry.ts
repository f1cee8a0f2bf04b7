/** One link of the hash chain: hash = SHA-256 over the previous hash and the canonical JSON of the rest. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  /** Name of the local agent; `node` for what concerns no agent. */
  readonly agent: string;
  /** Such as `frame.sealed`, `frame.opened`, `contact.trusted`, `key.rotated`, `checkpoint`. */
  readonly kind: string;
  /** Ids, codes and counts; never a secret, never the text of a message. */
  readonly data: { readonly [key: string]: string | number | boolean | null | readonly string[] };
  readonly previous: string;
  readonly hash: string;
}
