import { MeshError } from '#kernel';
import { parseConfig } from '../config-file.ts';
import { type StateDir, stateDir } from '../state-dir.ts';
import { restore } from './apply-setup.ts';
import { parseJson5 } from './json5.ts';
import { valueAt, withoutValue, withValue } from './json5-edit.ts';
import {
  contentOf,
  digestOf,
  readRecords,
  saveRecords,
  type SetupRecord,
  type WrittenFile,
  writeWhole,
} from './setup-record.ts';
import { withoutBlock } from './toml-section.ts';

/** What becomes of one file. */
export interface Removal {
  readonly path: string;
  /** `deleted`: there was none before. `restored`: as it was before. `cleared`: without what was written, with what was changed since. `left`: as it is. */
  readonly outcome: 'deleted' | 'restored' | 'cleared' | 'left';
  /** What a person changed since, and that stays. */
  readonly kept: readonly string[];
}

export interface RemovalView {
  readonly agent: string;
  readonly transport: SetupRecord['transport'];
  readonly files: readonly Removal[];
}

export interface OpenclawRemoval {
  readonly view: RemovalView;
  apply(): Promise<void>;
}

interface Step extends Removal {
  run(): Promise<void>;
}

/** Looks at what a setup wrote and says what taking it back does; changes nothing. Throws NOT_FOUND, AMBIGUOUS. */
export async function planOpenclawRemoval(options: {
  readonly stateDir: string;
  readonly agent?: string | undefined;
}): Promise<OpenclawRemoval> {
  const state = stateDir(options.stateDir);
  const records = await readRecords(state);
  const record = recordOf(records, options.agent, state);
  const others = records.filter((one) => one !== record);
  const heir = others.find(({ config, transport }) => config === record.config && transport === 'hooks');
  const toml = record.files.find(({ kind }) => kind === 'mesh.toml');
  const isInUse = toml !== undefined && stepOf(toml).outcome === 'left';
  const steps = record.files.toReversed().map((file) => {
    if (isShared(file, heir)) return left(file.path, ['its hooks, which another agent of this node uses']);
    return isInUse && file.kind === 'secret' ? left(file.path, ['mesh.toml names it']) : stepOf(file);
  });
  return {
    view: {
      agent: record.agent,
      transport: record.transport,
      files: steps.map(({ path, outcome, kept }) => ({ path, outcome, kept })),
    },
    apply: async () => {
      for (const step of steps) await step.run();
      await saveRecords(state, heirs(others, heir, record));
    },
  };
}

function recordOf(records: readonly SetupRecord[], agent: string | undefined, state: StateDir): SetupRecord {
  const [only, another] = records;
  const found = agent === undefined ? only : records.find((one) => one.agent === agent);
  if (found === undefined) {
    throw new MeshError(
      'NOT_FOUND',
      `Nothing was set up for OpenClaw ${agent === undefined ? `in ${state.path}` : `for ${agent}`}`,
      {
        hint: 'What stands in mesh.toml was written by hand, or not at all: take it out there. To connect a gateway: mesh openclaw setup',
      },
    );
  }
  if (agent !== undefined || another === undefined) return found;
  throw new MeshError('AMBIGUOUS', `Several agents are connected: ${records.map((one) => one.agent).join(', ')}`, {
    hint: 'Say which one: --agent NAME',
  });
}

/** Another agent of the node goes over the same hooks: what they need stays, and goes with that one. */
const isShared = ({ kind }: WrittenFile, heir: SetupRecord | undefined): boolean =>
  kind === 'openclaw.json' && heir !== undefined;

function heirs(
  others: readonly SetupRecord[],
  heir: SetupRecord | undefined,
  { files }: SetupRecord,
): readonly SetupRecord[] {
  const shared = files.filter(({ kind }) => kind === 'openclaw.json');
  return others.map((one) => (one === heir ? { ...one, files: [...shared, ...one.files] } : one));
}

function stepOf(file: WrittenFile): Step {
  const { path, kind, before, after } = file;
  const now = contentOf(path);
  const isUntouched =
    now === undefined ? before === undefined : digestOf(now.text) === after || now.text === before?.text;
  const outcome = before === undefined ? 'deleted' : 'restored';
  if (isUntouched) return { path, outcome, kept: [], run: () => restore(file) };
  if (now === undefined) return left(path, ['that it is gone']);
  if (kind === 'secret') return left(path, ['another secret than the one that was written']);
  return kind === 'mesh.toml' ? tomlStep(file, now) : gatewayStep(file, now);
}

const left = (path: string, kept: readonly string[]): Step => ({
  path,
  outcome: 'left',
  kept,
  run: () => Promise.resolve(),
});

type Content = NonNullable<ReturnType<typeof contentOf>>;

function tomlStep({ path, block = '' }: WrittenFile, { text, mode }: Content): Step {
  const cleared = withoutBlock(text, block);
  if (cleared === undefined || !isToml(cleared, path))
    return left(path, ['the settings of the agent, which were changed']);
  return { path, outcome: 'cleared', kept: ['what else was changed'], run: () => writeWhole(path, cleared, mode) };
}

function isToml(text: string, path: string): boolean {
  try {
    parseConfig(text, path);
    return true;
  } catch {
    return false;
  }
}

function gatewayStep({ path, edits = [] }: WrittenFile, { text, mode }: Content): Step {
  const config = jsonIn(text);
  const ours = edits.filter((edit) => JSON.stringify(valueAt(config, edit.path)) === JSON.stringify(edit.value));
  const kept = edits.filter((edit) => !ours.includes(edit)).map((edit) => edit.path.join('.'));
  if (ours.length === 0) return left(path, kept);
  const cleared = ours.reduce(
    (changed, edit) =>
      edit.before === undefined
        ? withoutValue(changed, edit.path)
        : (withValue(changed, edit.path, edit.before) ?? changed),
    text,
  );
  const rest = kept.length === 0 ? ['what else was changed'] : kept;
  return { path, outcome: 'cleared', kept: rest, run: () => writeWhole(path, cleared, mode) };
}

function jsonIn(text: string): unknown {
  try {
    return parseJson5(text).value;
  } catch {
    return undefined;
  }
}
