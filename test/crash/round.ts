import { setTimeout as delay } from 'node:timers/promises';
import { inTime } from './in-time.ts';
import { other, type Pair, sideNames } from './pair.ts';
import type { Arm } from '../support/crash-child/trigger.ts';
import { type Need, pointNamed } from './points.ts';
import { DiedAtStart, type SideName } from './side.ts';
import type { Trouble } from './troubled-wire.ts';

/** One thing that goes wrong in a round, and is put right again. */
export type Episode =
  | {
      readonly kind: 'point';
      readonly side: SideName;
      readonly point: string;
      /** The other side is killed at the same time. */
      readonly both: boolean;
      readonly skip: number;
      readonly powerCut: boolean;
    }
  /** Killed from outside; `early` is while the process starts. */
  | { readonly kind: 'random'; readonly who: SideName | 'both'; readonly afterMs: number; readonly early: boolean }
  | { readonly kind: 'pause'; readonly side: SideName; readonly ms: number }
  /** On the wire in front of each; the side that is named is killed meanwhile. */
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly ms: number; readonly kill?: SideName }
  /** The disk of the side is full for a while; it may be killed meanwhile. */
  | { readonly kind: 'full'; readonly side: SideName; readonly ms: number; readonly kill: boolean };

export interface Disks {
  fill(side: SideName): void;
  free(side: SideName): void;
}

/** How long a point may take to be reached; what has to be provoked is provoked again so often in that time. */
const reachMs = 12_000;
const maxTries = 4;

/** Goes through the episodes of a round, on a pair that talks. */
export class Round {
  readonly #pair: Pair;
  readonly #disks: Disks | undefined;
  /** Points that were not reached in time. */
  readonly unmet: string[] = [];

  constructor(pair: Pair, disks?: Disks) {
    this.#pair = pair;
    this.#disks = disks;
  }

  async run(episodes: readonly Episode[]): Promise<void> {
    for (const episode of episodes) {
      await this.#one(episode);
      await this.#bringUp();
      await delay(this.#pair.dice.between(0, 150));
    }
  }

  #one(episode: Episode): Promise<void> {
    switch (episode.kind) {
      case 'point':
        return this.#point(episode);
      case 'random':
        return this.#random(episode);
      case 'pause':
        return this.#pause(episode);
      case 'trouble':
        return this.#trouble(episode);
      case 'full':
        return this.#full(episode);
    }
  }

  async #point(episode: Extract<Episode, { kind: 'point' }>): Promise<void> {
    const pair = this.#pair;
    const { side: name, point, both, skip, powerCut } = episode;
    const { needs } = pointNamed(point);
    const arm = { point, skip: needs === undefined ? skip : 0, powerCut };
    pair.tell(`${name} is to end at ${point}`);
    let isMet = false;
    const most = needs === undefined ? 1 : maxTries;
    for (let tries = 0; tries < most && !isMet; tries += 1) {
      isMet = await this.#endAt(name, { needs, arm, ms: reachMs / most });
    }
    if (both) await pair.kill(other(name), `together with ${name} at ${point}`);
    if (!isMet) {
      this.unmet.push(point);
      pair.tell(`${point} was not reached`);
      await pair.kill(name, 'instead of a point that was not reached');
    }
    for (const one of sideNames) pair.wires[one].heal();
    for (const one of sideNames) if (pair.sides[one].isUp) await pair.sides[one].talk();
  }

  /** True when the side ended there, in time. */
  async #endAt(
    name: SideName,
    { needs, arm, ms }: { needs: Need | undefined; arm: Arm; ms: number },
  ): Promise<boolean> {
    const pair = this.#pair;
    const before = pair.kills.length;
    await this.#arm(name, { needs, arm });
    const { isUp, end: ended } = pair.sides[name];
    await this.#provoke(needs, name);
    const isMet = (): boolean => pair.kills.slice(before).some(({ side, how }) => side === name && how === arm.point);
    if (isMet() || !isUp) return isMet();
    const end = await inTime(ended, ms);
    if (end !== undefined) await pair.note(name, { end, how: 'by itself', arm });
    return isMet();
  }

  /** What ends it at its start has to be there when it starts. */
  async #arm(name: SideName, { needs, arm }: { needs: Need | undefined; arm: Arm }): Promise<void> {
    const pair = this.#pair;
    if (needs !== 'start' && needs !== 'lost-session') {
      await pair.start(name);
      await pair.sides[name].arm(arm);
      return;
    }
    await pair.kill(name, 'so that it starts again');
    await pair.start(name, { arm, forget: needs === 'lost-session' });
  }

  /** Makes what the point needs happen. */
  async #provoke(needs: Need | undefined, name: SideName): Promise<void> {
    const pair = this.#pair;
    const peer = other(name);
    if (needs === 'no-link') for (const one of sideNames) pair.wires[one].make({ kind: 'cut' });
    if (needs === 'peer-lost-session' || needs === 'unknown-session') {
      await pair.kill(peer, 'so that it loses its sessions');
      await pair.start(peer, { forget: true, silent: needs === 'unknown-session' });
    }
    if (needs === 'rotation') await this.#rotate(name);
    if (needs === 'peer-rotation') await this.#rotate(peer);
  }

  async #rotate(name: SideName): Promise<void> {
    this.#pair.tell(`${name} takes a new root key`);
    await this.#pair.sides[name].client.rotateKey({}).catch(() => undefined);
  }

  async #random({ who, afterMs, early }: Extract<Episode, { kind: 'random' }>): Promise<void> {
    const pair = this.#pair;
    const names = who === 'both' ? sideNames : [who];
    if (!early) {
      await delay(afterMs);
      await Promise.all(names.map((name) => pair.kill(name, 'at a random time')));
      return;
    }
    await Promise.all(names.map((name) => pair.kill(name, 'at a random time')));
    const starts = names.map((name) => pair.start(name));
    await delay(afterMs);
    await Promise.all(names.map((name) => pair.kill(name, 'while it starts')));
    await Promise.all(starts);
  }

  async #pause({ side: name, ms }: Extract<Episode, { kind: 'pause' }>): Promise<void> {
    const side = this.#pair.sides[name];
    this.#pair.tell(`${name} stands still for ${ms} ms`);
    side.pause();
    await delay(ms);
    side.resume();
    this.#pair.tell(`${name} goes on`);
    await delay(300);
  }

  async #trouble({ trouble, ms, kill }: Extract<Episode, { kind: 'trouble' }>): Promise<void> {
    const pair = this.#pair;
    pair.tell(`the wires are troubled for ${ms} ms: ${JSON.stringify(trouble)}`);
    for (const name of sideNames) pair.wires[name].make(trouble);
    await delay(ms / 2);
    if (kill !== undefined) {
      await pair.kill(kill, 'while the wires are troubled');
      await pair.start(kill);
    }
    await delay(ms / 2);
    for (const name of sideNames) pair.wires[name].heal();
    pair.tell('the wires are well');
    await delay(300);
  }

  async #full({ side, ms, kill }: Extract<Episode, { kind: 'full' }>): Promise<void> {
    if (this.#disks === undefined) return;
    this.#disks.fill(side);
    this.#pair.tell(`the disk of ${side} is full for ${ms} ms`);
    await delay(ms);
    if (kill) await this.#restartWithoutRoom(side);
    this.#disks.free(side);
    this.#pair.tell(`the disk of ${side} has room`);
    await delay(500);
  }

  /** It comes up, or says why it does not. */
  async #restartWithoutRoom(side: SideName): Promise<void> {
    const pair = this.#pair;
    await pair.kill(side, 'while its disk is full');
    try {
      await pair.start(side);
      await delay(1000);
    } catch (error) {
      if (!(error instanceof DiedAtStart) || error.end.code !== 1) throw error;
      // Its handler may have begun before it gave up.
      await pair.noteLeased(side);
      pair.tell(`${side} does not start without room`);
    }
  }

  async #bringUp(): Promise<void> {
    const { dice } = this.#pair;
    await Promise.all(
      dice.shuffled(sideNames).map(async (name) => {
        if (this.#pair.sides[name].isUp) return;
        await delay(dice.between(0, 200));
        await this.#pair.start(name);
      }),
    );
  }
}
