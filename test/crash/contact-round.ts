import { setTimeout as delay } from 'node:timers/promises';
import type { ContactState } from '#api';
import { other, type Pair, sideNames } from './pair.ts';
import { inTime } from './in-time.ts';
import type { SideName } from './side.ts';

/** Alice makes an invite and Bob joins with it; or Bob asks and Alice approves. */
export type Meeting = 'invite' | 'request';

/** A side that ends while the two become peers. */
export interface Step {
  readonly side: SideName;
  readonly point: string;
}

const reachMs = 10_000;
const trustMs = 20_000;
const lookMs = 50;

/** Two become peers although one or the other ends at every step of it: whoever gave a command that got no answer gives it again. */
export class ContactRound {
  readonly unmet: string[] = [];
  readonly #pair: Pair;
  readonly #meeting: Meeting;
  #invite: string | undefined;

  constructor(pair: Pair, meeting: Meeting) {
    this.#pair = pair;
    this.#meeting = meeting;
  }

  /** Resolves when both are peers and talk. Rejects when they do not become peers. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
    const giveUpAt = performance.now() + trustMs;
    while (!(await this.#arePeers())) {
      if (performance.now() > giveUpAt) throw new Error('They did not become peers');
      await this.#bothUp();
      await this.#nudge();
      await delay(lookMs);
    }
    this.#pair.tell('both are peers');
    await this.#pair.sides.bob.client.setTier({ contact: 'alice', tier: 'trusted' });
    await this.#pair.talk();
  }

  async #step({ side: name, point }: Step): Promise<void> {
    const pair = this.#pair;
    const side = pair.sides[name];
    // What was committed once does not come again; what the power took does.
    const arm = { point, skip: 0, powerCut: point.endsWith('.before-sync') };
    pair.tell(`${name} is to end at ${point}`);
    const killsBefore = pair.kills.length;
    // The other one comes up last, so that nothing happens before this one is armed.
    if (side.isUp) await side.arm(arm);
    else await pair.start(name, { arm, once: true });
    const ended = side.isUp ? side.end : undefined;
    await pair.start(other(name));
    const nudged = this.#nudge();
    const end = ended && (await inTime(ended, reachMs));
    await nudged;
    if (end !== undefined) await pair.note(name, { end, how: 'by itself', arm });
    if (pair.kills.slice(killsBefore).some(({ how }) => how === point)) return;
    this.unmet.push(point);
    pair.tell(`${point} was not reached`);
    if (side.isUp) await side.arm(undefined);
  }

  async #bothUp(): Promise<void> {
    for (const name of sideNames) await this.#pair.start(name);
  }

  /** What a person does who sees that it is not done. */
  async #nudge(): Promise<void> {
    try {
      await (this.#meeting === 'invite' ? this.#join() : this.#askAndApprove());
    } catch (error) {
      this.#pair.tell(`a command got no answer: ${String(error)}`);
    }
  }

  async #join(): Promise<void> {
    const { alice, bob } = this.#pair.sides;
    this.#invite ??= (await alice.client.invite({ tier: 'trusted' })).invite;
    if ((await this.#stateAt('bob')) !== undefined) return;
    await bob.client.join({ invite: this.#invite, tier: 'trusted', waitMs: 1 });
  }

  async #askAndApprove(): Promise<void> {
    const { alice, bob } = this.#pair.sides;
    if ((await this.#stateAt('bob')) === undefined) {
      await bob.client.request({ target: alice.options.endpoint, purpose: 'to see what becomes of it' });
    }
    const { requests } = await alice.client.requests({});
    const asked = requests.find(({ direction }) => direction === 'in');
    if (asked !== undefined) await alice.client.approve({ id: asked.id, tier: 'trusted' });
  }

  async #arePeers(): Promise<boolean> {
    const states = await Promise.all(sideNames.map((name) => this.#stateAt(name).catch(() => undefined)));
    return states.every((state) => state === 'trusted');
  }

  /** How the side sees the other one. */
  async #stateAt(name: SideName): Promise<ContactState | undefined> {
    const { contacts } = await this.#pair.sides[name].client.contacts({});
    return contacts[0]?.state;
  }
}
