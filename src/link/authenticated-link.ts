import { type Clock, type ErrorCode, type Limits, type Logger, MeshError, toMeshError } from '#kernel';
import type { AgentId } from '#identity';
import {
  decodeFrame,
  decodeLinkOperation,
  encodeFrame,
  encodeLinkOperation,
  type Frame,
  type LinkOperation,
  type LinkOperationOf,
} from '#protocol';
import { BlobTraffic } from './blob-traffic.ts';
import { errorOfEnd, normalClose } from './close-code.ts';
import { type Connection, waterMarks } from './connection.ts';
import { answerTo, outcomeOf } from './frame-answer.ts';
import { refuse, tellProof } from './handshake-channel.ts';
import { isIdOf, type KnownIds } from './handshake-proof.ts';
import type { Established } from './handshake.ts';
import { IncomingFrames, isFromBefore } from './incoming-frames.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Acked, Ask, AskAnswer } from './link-asks.ts';
import type { BlobAsk, FrameOutcome, Link, LinkHandler, LinkPeer } from './link.ts';
import { LinkQuestions } from './link-questions.ts';
import { remoteError } from './operation-error.ts';
import { checkOperationSize } from './operation-size.ts';
import { type Credit, OutgoingFrames } from './outgoing-frames.ts';

export interface AuthenticatedLinkOptions {
  readonly connection: Connection;
  readonly established: Established;
  readonly route: string;
  readonly handler: LinkHandler;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** What the far end granted during the handshake. */
  readonly credit: Credit;
}

/** A far end that asks and asks and reads no answers may make this many bytes wait, then it is cut off. */
const maxUnreadBytes = 16 * waterMarks.highBytes;

/** A link after both sides proved who they are. `start` opens it. */
export class AuthenticatedLink implements Link {
  readonly local: AgentId;
  readonly remote: LinkPeer;
  readonly route: string;
  readonly version: number;
  readonly #connection: Connection;
  readonly #handler: LinkHandler;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #self: KnownIds;
  readonly #outgoing: OutgoingFrames;
  readonly #incoming: IncomingFrames;
  readonly #questions: LinkQuestions;
  readonly #blobs: BlobTraffic;
  readonly #keepAlive: KeepAlive;
  readonly #closed = Promise.withResolvers<MeshError | undefined>();
  #isOver = false;

  constructor(options: AuthenticatedLinkOptions) {
    const { connection, established, handler, clock, limits } = options;
    this.#self = established.self;
    this.local = established.self.agentId;
    this.remote = established.remote;
    this.route = options.route;
    this.version = established.version;
    this.#connection = connection;
    this.#handler = handler;
    this.#limits = limits;
    this.#logger = options.logger;
    this.#outgoing = new OutgoingFrames(connection, options.credit);
    this.#incoming = new IncomingFrames({
      limits,
      trusted: this.#isTrusted(),
      grant: (credit) => this.#write({ op: 'credit', ...credit }),
    });
    const write = (operation: LinkOperation): void => this.#write(operation);
    this.#questions = new LinkQuestions({ link: this, handler, clock, limits, self: this.#self, write });
    const nextNumber = (): number => this.#questions.nextNumber();
    this.#blobs = new BlobTraffic({ link: this, handler, connection, clock, limits, nextNumber, write });
    this.#keepAlive = new KeepAlive({
      clock,
      limits,
      ping: () => void this.ping().catch(() => {}),
      onSilent: () => this.#giveUp(),
    });
  }

  get closed(): Promise<MeshError | undefined> {
    return this.#closed.promise;
  }

  /** False while the far end is a stranger with a stranger's credit. */
  get trusted(): boolean {
    return this.#incoming.trusted;
  }

  get clockOffsetMs(): number | undefined {
    return this.#questions.clockOffsetMs;
  }

  /** Grants the first credit, which the far end waits for, then tells the handler, then reads. */
  start(): void {
    this.#incoming.open();
    try {
      this.#handler.onLink(this);
    } catch (error) {
      this.#endWith(toMeshError(error));
      return;
    }
    void this.#read();
    this.#keepAlive.start();
  }

  async sendFrame(frame: Frame, options: { readonly onWritten?: () => void } = {}): Promise<FrameOutcome> {
    const bytes = encodeLinkOperation({ op: 'frame', frame: encodeFrame(frame, this.#limits) });
    return await this.#outgoing.send({ id: frame.id, bytes, onWritten: options.onWritten });
  }

  async getCard(): Promise<Uint8Array> {
    return (await this.#questions.ask({ op: 'card.get', agent: this.remote.agentId })).card;
  }

  async takeKeyPackage(): Promise<Uint8Array> {
    return (await this.#questions.ask({ op: 'keypackage.take', agent: this.remote.agentId })).bytes;
  }

  ask<Q extends Ask>(question: Q, options: { readonly signal?: AbortSignal } = {}): Promise<AskAnswer<Q['op']>> {
    return this.#questions.askHub(question, options.signal);
  }

  ack(acked: Acked): void {
    this.#questions.ack(acked);
  }

  getBlob(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    return this.#blobs.ask(ask, onPiece);
  }

  ping(): Promise<number> {
    return this.#questions.ping();
  }

  grant(): void {
    if (!this.#isOver) this.#incoming.trust();
  }

  close(reason?: ErrorCode | MeshError): void {
    if (reason === undefined) this.#end(undefined, () => this.#connection.close(normalClose, ''));
    else this.#endWith(typeof reason === 'string' ? new MeshError(reason) : reason);
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      const bytes = await this.#connection.receive();
      if (this.#isOver) return;
      if (bytes === undefined) {
        const end = await this.#connection.closed;
        this.#end(errorOfEnd(end), () => {});
        return;
      }
      this.#keepAlive.heard();
      try {
        this.#take(bytes);
      } catch (error) {
        this.#cutOff(toMeshError(error));
      }
    }
  }

  #take(bytes: Uint8Array): void {
    checkOperationSize(bytes, this.#limits);
    const operation = decodeLinkOperation(bytes);
    switch (operation.op) {
      case 'frame':
        return this.#takeFrame(decodeFrame(operation.frame, this.#limits), bytes.length);
      case 'delivered':
      case 'stored':
      case 'refused':
        return expect(this.#outgoing.answered(operation.frameId, outcomeOf(operation)), operation);
      case 'credit':
        return this.#outgoing.grant(operation);
      case 'blob.get':
      case 'blob':
        return expect(this.#blobs.take(operation, bytes), operation);
      case 'error':
        return this.#takeError(operation);
      case 'hello':
      case 'auth':
        return expect(false, operation);
      default:
        return expect(this.#questions.take(operation), operation);
    }
  }

  /**
   * Frames are handed over in order of arrival and without waiting for the earlier ones: the handler puts them in line.
   */
  #takeFrame(frame: Frame, size: number): void {
    if (!this.#incoming.charge(size)) {
      throw new MeshError('CREDIT_EXCEEDED', `A frame of ${size} bytes is more than was granted`);
    }
    void this.#handle(frame, size);
  }

  async #handle(frame: Frame, size: number): Promise<void> {
    const outcome = await this.#outcomeOf(frame);
    if (this.#isOver) return;
    this.#write(answerTo(frame.id, outcome));
    this.#incoming.release(size, { fromBefore: isFromBefore(frame, outcome) });
    // A contact request or acceptance may have made the stranger a peer.
    if (!this.trusted && this.#isTrusted()) this.grant();
  }

  #isTrusted(): boolean {
    try {
      return this.#handler.isTrusted(this.local, this.remote);
    } catch (error) {
      this.#handlerFailed(error);
      return false;
    }
  }

  async #outcomeOf(frame: Frame): Promise<FrameOutcome> {
    const takes = isIdOf(frame.to, this.#self) ? this.#handler : this.#handler.service;
    if (takes === undefined || !isIdOf(frame.from, this.remote)) return { kind: 'refused', code: 'WRONG_RECIPIENT' };
    try {
      return await takes.onFrame(frame, this);
    } catch (error) {
      return { kind: 'refused', code: this.#handlerFailed(error) };
    }
  }

  #handlerFailed(error: unknown): ErrorCode {
    const { code, message } = toMeshError(error);
    this.#logger.error('link.handler-failed', { route: this.route, peer: this.remote.agentId, code, error: message });
    return code;
  }

  /** With a number it answers that question; without, it is the last thing that the far end says. */
  #takeError(operation: LinkOperationOf<'error'>): void {
    const error = remoteError(operation);
    const { n } = operation;
    if (n !== undefined) return expect(this.#blobs.refused(n, error) || this.#questions.refused(n, error), operation);
    this.#end(error, () => this.#connection.close(normalClose, ''));
    tellProof(this.#handler, error);
  }

  #write(operation: LinkOperation): void {
    if (this.#isOver) return;
    this.#connection.send(encodeLinkOperation(operation));
    if (this.#connection.bufferedBytes > maxUnreadBytes) this.#giveUp();
  }

  /** The far end broke a rule. */
  #cutOff(error: MeshError): void {
    const { code, message } = error;
    this.#logger.warn('link.cut-off', { route: this.route, peer: this.remote.agentId, code, rule: message });
    this.#endWith(error);
  }

  #endWith(error: MeshError): void {
    this.#end(error, () => refuse(this.#connection, error));
  }

  /** The far end is gone, or does not read: a goodbye would not arrive. */
  #giveUp(): void {
    const error = new MeshError('TIMEOUT', 'The far end does not answer any more');
    this.#end(error, () => this.#connection.cut());
  }

  #end(error: MeshError | undefined, closeConnection: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#keepAlive.stop();
    closeConnection();
    const lost = new MeshError('LINK_CLOSED', `The link closed${error === undefined ? '' : `: ${error.message}`}`);
    this.#outgoing.end(lost);
    this.#questions.end(lost);
    this.#blobs.end(lost);
    this.#logger.debug('link.closed', { route: this.route, peer: this.remote.agentId, code: error?.code });
    this.#closed.resolve(error);
  }
}

function expect(expected: boolean, operation: LinkOperation): void {
  if (!expected) throw new MeshError('MALFORMED', `The operation ${operation.op} was not expected`);
}
