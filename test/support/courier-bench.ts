import { defaultLimits, type ErrorCode, MeshError, silentLogger, systemRandom } from '#kernel';
import { type AgentId, agentIdOf, generateKeyPair } from '#identity';
import type { FrameOutcome, Link } from '#link';
import type { Frame } from '#protocol';
import { Courier } from '../../src/delivery/courier.ts';
import type { CourierChange } from '../../src/delivery/courier-ports.ts';
import type { OutboxFrame } from '#delivery';
import { ManualClock } from './manual-clock.ts';

const alice = agentIdOf(generateKeyPair(systemRandom).publicKey);
export const hub = agentIdOf(generateKeyPair(systemRandom).publicKey);
const bob = agentIdOf(generateKeyPair(systemRandom).publicKey);

/** The far end under the test's control: it answers when told, and can go away. */
export class FakeLink implements Link {
  readonly local = alice;
  readonly remote = { agentId: bob, rotations: [] };
  readonly route = 'direct http://bob';
  readonly keeper?: AgentId;
  readonly version = 2;
  readonly written: string[] = [];
  readonly answers = new Map<string, PromiseWithResolvers<FrameOutcome>>();
  readonly #end = Promise.withResolvers<MeshError | undefined>();
  readonly closed = this.#end.promise;

  constructor(options: { readonly keeper?: AgentId } = {}) {
    if (options.keeper !== undefined) this.keeper = options.keeper;
  }

  sendFrame(frame: Frame, options: { onWritten?: () => void } = {}): Promise<FrameOutcome> {
    this.written.push(frame.id);
    const answer = Promise.withResolvers<FrameOutcome>();
    this.answers.set(frame.id, answer);
    options.onWritten?.();
    return answer.promise;
  }

  answer(id: string, outcome: FrameOutcome): void {
    this.answers.get(id)?.resolve(outcome);
  }

  close(reason?: ErrorCode): void {
    const error = reason === undefined ? undefined : new MeshError(reason);
    this.#end.resolve(error);
    for (const answer of this.answers.values()) answer.reject(new MeshError('LINK_CLOSED'));
  }

  grant(): void {}
  ask = (): Promise<never> => Promise.reject(new MeshError('PEER_TOO_OLD'));
  ack(): void {}
  getCard = (): Promise<Uint8Array> => Promise.reject(new MeshError('LINK_CLOSED'));
  takeKeyPackage = (): Promise<Uint8Array> => Promise.reject(new MeshError('NO_KEY_PACKAGE'));
  getBlob = (): Promise<void> => Promise.reject(new MeshError('LINK_CLOSED'));
  ping = (): Promise<number> => Promise.resolve(3);
}

export const frameOf = (n: number, groupId = 'g1'): OutboxFrame => ({
  agent: 'alice',
  peer: bob,
  groupId,
  frame: {
    v: 1,
    id: `frm_${n}`,
    kind: 'app',
    from: alice,
    to: bob,
    createdAt: 0,
    expiresAt: 1,
    priority: 'normal',
    bytes: Uint8Array.of(n),
  },
});

export interface Bench {
  readonly clock: ManualClock;
  readonly courier: Courier;
  readonly links: FakeLink[];
  readonly outcomes: string[];
  readonly changes: CourierChange[];
  dialled(): Promise<FakeLink>;
}

const couriers: Courier[] = [];

/** For `afterEach`. */
export async function closeCouriers(): Promise<void> {
  for (const courier of couriers.splice(0)) await courier.close();
}

export function bench(
  options: {
    dial?: (options: { readonly direct?: boolean }) => Promise<Link>;
    stored?: readonly OutboxFrame[];
    greet?: () => Promise<void>;
    onRefused?: () => Promise<void>;
  } = {},
): Bench {
  const clock = new ManualClock();
  const links: FakeLink[] = [];
  const outcomes: string[] = [];
  const changes: CourierChange[] = [];
  const courier: Courier = new Courier({
    clock,
    random: { ...systemRandom, fraction: () => 0.5 },
    limits: defaultLimits,
    logger: silentLogger,
    ports: {
      lookAgain: async () => {},
      passOver: () => false,
      awaitsStep: () => false,
      dial: async (how) => {
        if (options.dial !== undefined) return options.dial(how);
        const link = new FakeLink();
        links.push(link);
        return link;
      },
      greet: options.greet ?? (async () => {}),
      unacknowledged: () => options.stored ?? [],
      hasWork: () => courier.inFlight > 0,
      onSent: () => {},
      onStored: ({ frame }) => outcomes.push(`${frame.id} stored`),
      onTaken: ({ frame }) => outcomes.push(`${frame.id} delivered`),
      onRefused: async ({ frame }, code) => {
        outcomes.push(`${frame.id} ${code}`);
        await options.onRefused?.();
      },
      onChange: (change) => changes.push(change),
    },
  });
  couriers.push(courier);
  const dialled = async (): Promise<FakeLink> => {
    await settled();
    const link = links.at(-1);
    if (link === undefined) throw new Error('nothing was dialled');
    return link;
  };
  return { clock, courier, links, outcomes, changes, dialled };
}

/** Everything that does not wait for the clock or the far end has run. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
