import { systemRandom } from '#kernel';
import { encodeIncarnation, sign } from '#identity';
import {
  type AuthTranscript,
  authTranscript,
  decodeLinkOperation,
  encodeLinkOperation,
  type LinkAuth,
  type LinkHello,
  type LinkOperation,
  type LinkOperationName,
  type LinkOperationOf,
  supportedVersions,
} from '#protocol';
import type { Connection, LinkSelf } from '#link';
import { alice, bob } from './link-agents.ts';

/** A far end under the test's control: it speaks the link protocol by hand, and wrongly where the test wants. */
export class RawPeer {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  send(...operations: readonly LinkOperation[]): void {
    for (const operation of operations) this.connection.send(encodeLinkOperation(operation));
  }

  /** The next operation; fails when the connection ended or another kind comes. */
  async next<K extends LinkOperationName>(kind: K): Promise<LinkOperationOf<K>> {
    const bytes = await this.connection.receive();
    if (bytes === undefined) throw new Error(`The connection ended before an operation ${kind}`);
    const operation = decodeLinkOperation(bytes);
    if (operation.op !== kind) throw new Error(`Wanted an operation ${kind}, got ${JSON.stringify(operation)}`);
    return operation as LinkOperationOf<K>;
  }

  /** The code of the error that the other side sends, skipping what comes before it; undefined when it just ends. */
  async refusal(): Promise<string | undefined> {
    for (;;) {
      const bytes = await this.connection.receive();
      if (bytes === undefined) return undefined;
      const operation = decodeLinkOperation(bytes);
      if (operation.op === 'error') return operation.code;
    }
  }

  /** Says hello as a dialler who wants `to`, and waits for the listener's hello and proof. */
  async greet(to = bob.agentId, dialler = hello({ to })): Promise<{ hellos: Hellos; auth: LinkAuth }> {
    this.send(dialler);
    const listener = await this.next('hello');
    return { hellos: { dialler, listener }, auth: await this.next('auth') };
  }

  /** Becomes the dialler of an open link. */
  async dial(self = alice, to = bob.agentId, said = hello({ to })): Promise<LinkOperationOf<'credit'>> {
    const { hellos } = await this.greet(to, said);
    this.send(diallerProof(self, hellos, to));
    return await this.next('credit');
  }
}

export interface Hellos {
  readonly dialler: LinkHello;
  readonly listener: LinkHello;
}

export const hello = (fields: Partial<LinkHello> = {}): LinkHello => ({
  op: 'hello',
  versions: supportedVersions,
  nonce: systemRandom.bytes(32),
  ...fields,
});

/** The honest proof of a listener, for tests to bend. */
export const listenerProof = (self: LinkSelf, hellos: Hellos, listenerId = self.agentId): LinkAuth =>
  proof(self, { ...hellos, side: 'listener', listenerId });

/** The honest proof of a dialler, for tests to bend. */
export const diallerProof = (self: LinkSelf, hellos: Hellos, listenerId = bob.agentId): LinkAuth =>
  proof(self, { ...hellos, side: 'dialler', listenerId, diallerId: self.agentId });

function proof(self: LinkSelf, transcript: AuthTranscript): LinkAuth {
  const life = self.incarnation === undefined ? {} : { incarnation: encodeIncarnation(self.incarnation) };
  const data = authTranscript({ ...transcript, ...life });
  const signature = sign({ context: 'link-auth', key: self.root, data });
  return { op: 'auth', agentIds: [self.agentId], signatures: [signature], rotations: [], ...life };
}
