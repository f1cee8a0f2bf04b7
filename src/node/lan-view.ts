import type { Output } from '#api';
import type { LanDesk, LanStatus } from './lan-desk.ts';

export type LanView = NonNullable<Output<'status'>['lan']>;

/** As people and programs see it. */
export function lanView({ problem, ...rest }: LanStatus): LanView {
  if (problem === undefined) return rest;
  const { code, message, hint } = problem;
  return { ...rest, problem: { code, message, hint } };
}

/** Only what the owner asked for can be missing. */
export function lanWarnings({ status }: Pick<LanDesk, 'status'>): readonly NonNullable<LanView['problem']>[] {
  const problem = status === undefined ? undefined : lanView(status).problem;
  return problem === undefined ? [] : [problem];
}
