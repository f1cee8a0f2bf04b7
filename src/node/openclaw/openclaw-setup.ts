import { stateDir } from '../state-dir.ts';
import { type Applying, applySetup } from './apply-setup.ts';
import { planSetup, type SetupOptions, type SetupView } from './plan-setup.ts';
import type { RoundTrip } from './round-trip.ts';
import { readRecords, type SetupRecord } from './setup-record.ts';

export interface OpenclawSetup {
  readonly view: SetupView;
  /** Writes it and proves it by a turn of the gateway; what fails leaves everything as it was. */
  apply(how: Applying): Promise<RoundTrip>;
}

/** What connecting the OpenClaw gateway of this machine would write; changes nothing before `apply`. Throws what `planSetup` throws. */
export async function planOpenclawSetup(options: SetupOptions): Promise<OpenclawSetup> {
  const plan = await planSetup(options);
  return { view: plan.view, apply: (how) => applySetup(plan, how) };
}

/** Which agents of the node are connected with which gateway, by a setup. */
export async function openclawSetups(options: Pick<SetupOptions, 'stateDir'>): Promise<readonly ConnectedAgent[]> {
  const records = await readRecords(stateDir(options.stateDir));
  return records.map(({ agent, transport, gatewayAgent, config }) => ({ agent, transport, gatewayAgent, config }));
}

export type ConnectedAgent = Pick<SetupRecord, 'agent' | 'transport' | 'gatewayAgent' | 'config'>;
