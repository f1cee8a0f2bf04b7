import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { MeshError, shellWord } from '#kernel';
import type { RuntimeConfig } from '../config.ts';
import type { StateDir } from '../state-dir.ts';
import type { LocalGateway } from './find-gateway.ts';
import { type ConfigEdit, type HooksPlan, withEdits } from './hooks-config.ts';
import { contentOf, digestOf, type SetupRecord, type WrittenFile } from './setup-record.ts';
import { settingLines, withRuntime } from './toml-section.ts';

export interface SecretFile {
  readonly setting: 'tokenFile' | 'hookTokenFile';
  readonly path: string;
  /** As mesh.toml names it. */
  readonly name: string;
  readonly text: string;
  readonly about: string;
}

interface Secrets {
  readonly state: StateDir;
  readonly agentDir: string;
  readonly token: string | undefined;
  readonly hooks: HooksPlan | undefined;
}

export function secretFiles({ state, agentDir, token, hooks }: Secrets): readonly SecretFile[] {
  const all = [
    ['tokenFile', 'openclaw-token', token, 'the token of the gateway'],
    ['hookTokenFile', 'openclaw-hook-token', hooks?.token, 'the token of its hooks'],
  ] as const;
  return all.flatMap(([setting, base, secret, about]) => {
    if (secret === undefined) return [];
    const path = join(agentDir, base);
    return [{ setting, path, name: relative(dirname(state.config), path), text: `${secret}\n`, about }];
  });
}

interface Settling {
  readonly gateway: LocalGateway;
  readonly gatewayAgent: string;
  readonly hooks: HooksPlan | undefined;
  readonly secrets: readonly SecretFile[];
}

export function settingsOf({ gateway, gatewayAgent, hooks, secrets }: Settling): RuntimeConfig {
  return {
    runtime: 'openclaw',
    ...(hooks === undefined ? {} : { transport: 'hooks' as const }),
    url: urlOf(gateway, hooks),
    ...(hooks === undefined ? {} : { hook: hooks.hook }),
    ...Object.fromEntries(secrets.map(({ setting, name }) => [setting, name])),
    gatewayAgent,
  };
}

export const urlOf = ({ host, isTls }: LocalGateway, hooks: HooksPlan | undefined): string =>
  `${hooks === undefined ? 'ws' : 'http'}${isTls ? 's' : ''}://${host}`;

export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly lines: readonly string[];
  readonly written: WrittenFile;
}

interface Planning {
  readonly state: StateDir;
  readonly agent: string;
  readonly settings: RuntimeConfig | undefined;
  readonly gateway: LocalGateway;
  readonly edits: readonly ConfigEdit[];
  readonly secrets: readonly SecretFile[];
}

export function filesOf({ state, agent, settings, gateway, edits, secrets }: Planning): readonly PlannedFile[] {
  return [
    ...secrets.map(({ path, text, about }) => secretFile(path, text, about)),
    ...(edits.length === 0 ? [] : [gatewayFile(gateway, edits)]),
    // The last: only then the node takes it over.
    ...(settings === undefined ? [] : [tomlFile(state, agent, settings)]),
  ];
}

function secretFile(path: string, text: string, about: string): PlannedFile {
  const before = contentOf(path);
  if (before !== undefined && before.text !== text) {
    throw new MeshError('FILE_EXISTS', `${path} holds something else already`, {
      hint: `If nothing needs it any more: rm ${shellWord(path)}. Then run this again.`,
    });
  }
  const written = { path, kind: 'secret' as const, ...(before && { before }), after: digestOf(text) };
  return { path, text, mode: 0o600, lines: [`${about}, readable by you alone`], written };
}

/** What is set up already knows a token that the gateway has replaced since. */
export function changedSecrets(secrets: readonly SecretFile[]): readonly PlannedFile[] {
  return secrets.flatMap(({ path, text, about }) => {
    const before = contentOf(path);
    if (before?.text === text) return [];
    const written = { path, kind: 'secret' as const, ...(before && { before }), after: digestOf(text) };
    return [{ path, text, mode: 0o600, lines: [`${about}, which has changed`], written }];
  });
}

export function renewed(record: SetupRecord, changed: readonly PlannedFile[]): SetupRecord {
  const after = (path: string): string | undefined => changed.find((one) => one.path === path)?.written.after;
  return { ...record, files: record.files.map((file) => ({ ...file, after: after(file.path) ?? file.after })) };
}

function gatewayFile(
  { configPath: path, text: before, mode }: LocalGateway,
  edits: readonly ConfigEdit[],
): PlannedFile {
  const text = withEdits(before, edits);
  if (text === undefined || lstatSync(path).isSymbolicLink()) {
    throw new MeshError('OPENCLAW_CONFIG_UNREADABLE', `${path} is written in a way that this command does not change`, {
      hint: `Write it yourself, then run this again: ${edits.map(editLine).join(', ')}`,
    });
  }
  const written = { path, kind: 'openclaw.json' as const, before: { text: before, mode }, after: digestOf(text) };
  return {
    path,
    text,
    mode,
    lines: edits.map(editLine),
    written: { ...written, edits: edits.map((edit) => ({ ...edit, path: [...edit.path] })) },
  };
}

const editLine = ({
  path,
  value,
  isSecret,
}: Pick<ConfigEdit, 'value' | 'isSecret'> & { readonly path: readonly string[] }): string =>
  `${path.join('.')}: ${isSecret === true ? 'a new secret' : JSON.stringify(value)}`;

function tomlFile(state: StateDir, agent: string, settings: RuntimeConfig): PlannedFile {
  const path = existsSync(state.config) ? realpathSync(state.config) : state.config;
  const before = existsSync(path)
    ? { text: readFileSync(path, 'utf8'), mode: contentOf(path)?.mode ?? 0o644 }
    : undefined;
  const { text, block } = withRuntime(before?.text ?? '', { agent, settings, path });
  const written = { path, kind: 'mesh.toml' as const, ...(before && { before }), after: digestOf(text), block };
  const lines = [`[agents.${agent}]`, ...settingLines(settings)];
  return { path, text, mode: before?.mode ?? 0o644, lines, written };
}
