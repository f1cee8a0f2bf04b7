import { chmodSync, rmSync } from 'node:fs';
import { MeshError, toMeshError } from '#kernel';
import type { SetupPlan } from './plan-setup.ts';
import type { PlannedFile } from './planned-files.ts';
import { type RoundTrip, roundTrip } from './round-trip.ts';
import { contentOf, saveRecords, type WrittenFile, writeWhole } from './setup-record.ts';

export interface Applying {
  readonly signal: AbortSignal;
  /** Asks the agent over the node that runs: when not the node drives the gateway, but the plugin in it answers. */
  ask(): Promise<RoundTrip>;
}

/**
 * Writes what the plan says, and proves it by a round trip before the node can take it over. What fails at any step leaves all files as they
 * were. Rejects with what a runtime rejects with, and WRONG_STATE when a file was changed since the plan was made.
 */
export async function applySetup(plan: SetupPlan, { signal, ask }: Applying): Promise<RoundTrip> {
  const { files, records, state, settings, agentDir, clock } = plan;
  const check = (): Promise<RoundTrip> =>
    settings === undefined ? ask() : roundTrip({ settings, configPath: state.config, agentDir, clock, signal });
  if (plan.view.isDone) return check();
  checkUnchanged(files);
  // First of all, so that also what breaks off can be undone.
  await saveRecords(state, records.after);
  try {
    for (const file of files) if (file.written.kind !== 'mesh.toml') await writeWhole(file.path, file.text, file.mode);
    const done = await check();
    for (const file of files) if (file.written.kind === 'mesh.toml') await writeWhole(file.path, file.text, file.mode);
    return done;
  } catch (error) {
    for (const { written } of files.toReversed()) await restore(written);
    await saveRecords(state, records.before);
    throw toMeshError(error);
  }
}

/** As it was before, with its rights. */
export async function restore({ path, before }: WrittenFile): Promise<void> {
  if (before === undefined) rmSync(path, { force: true });
  else if (contentOf(path)?.text === before.text) chmodSync(path, before.mode);
  else await writeWhole(path, before.text, before.mode);
}

function checkUnchanged(files: readonly PlannedFile[]): void {
  const changed = files.find(({ path, written }) => contentOf(path)?.text !== written.before?.text);
  if (changed === undefined) return;
  throw new MeshError('WRONG_STATE', `${changed.path} was changed meanwhile`, { hint: 'Run this again.' });
}
