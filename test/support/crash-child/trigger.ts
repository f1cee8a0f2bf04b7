import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Write } from '../faulty-store.ts';
import { momentOf, type Stage } from '../../crash/points.ts';

/** Where this process is to end. */
export interface Arm {
  readonly point: string;
  /** Passes the point so many times before. */
  readonly skip: number;
  /** What was not synced is lost, as when the power fails. */
  readonly powerCut: boolean;
}

/** Ends this process by SIGKILL at the point for which it is armed. */
export class Trigger {
  /** Loses what a power cut would. */
  powerCut: () => void = () => {};
  readonly #dir: string;
  #arm: { readonly point: string; skip: number; readonly powerCut: boolean } | undefined;

  /** `dir/died-at` tells afterwards where it was. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  arm(arm: Arm | undefined): void {
    this.#arm = arm === undefined ? undefined : { ...arm };
  }

  get point(): string | undefined {
    return this.#arm?.point;
  }

  meet(point: string): void {
    if (this.#arm?.point === point) this.#hit(this.#arm);
  }

  meetCommit(stage: Stage, writes: readonly Write[]): void {
    if (this.#arm === undefined) return;
    const moment = momentOf(this.#arm.point);
    if (moment?.stage === stage && moment.meant(writes)) this.#hit(this.#arm);
  }

  /** At once: for what happens below the points, such as the callback of a write that was met before. */
  die(): void {
    const arm = this.#arm;
    if (arm === undefined) return;
    writeFileSync(join(this.#dir, 'died-at'), arm.point);
    if (arm.powerCut) this.powerCut();
    process.kill(process.pid, 'SIGKILL');
  }

  /** Whether the next `meet` at the point would end it. */
  isDueAt(point: string): boolean {
    if (this.#arm?.point !== point) return false;
    if (this.#arm.skip === 0) return true;
    this.#arm.skip -= 1;
    return false;
  }

  #hit(arm: { skip: number }): void {
    if (arm.skip > 0) arm.skip -= 1;
    else this.die();
  }
}
