import type { RuntimeConfig } from '../config.ts';
import { parseConfig } from '../config-file.ts';
import { invalidConfig } from '../invalid-config.ts';

export interface SectionEdit {
  readonly agent: string;
  readonly settings: RuntimeConfig;
  /** Of mesh.toml. */
  readonly path: string;
}

/** mesh.toml with the runtime of one agent in it, and the lines that are new. */
export interface EditedToml {
  readonly text: string;
  /** One block, as it stands in the text. */
  readonly block: string;
}

const note = '# Written by mesh openclaw setup; mesh openclaw remove takes it out.';

/** Everything else stays as it is. Throws INVALID_CONFIG when the text is written in a way that cannot be changed so. */
export function withRuntime(text: string, edit: SectionEdit): EditedToml {
  const { agent, settings, path } = edit;
  const own = [note, ...settingLines(settings)].join('\n');
  const edited = inserted(text, agent, own) ?? appended(text, agent, own);
  const before = parseConfig(text, path).agents?.[agent];
  const wanted = { ...before, ...settings };
  const after = agentIn(edited.text, edit);
  if (!isSame(after, wanted)) {
    throw invalidConfig(path, `[agents.${agent}] is written in a way that this command does not change`);
  }
  return edited;
}

export function settingLines(settings: RuntimeConfig): readonly string[] {
  return Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
}

/** The text without the block; undefined when it does not stand there any more as it was written. */
export function withoutBlock(text: string, block: string): string | undefined {
  const at = text.indexOf(block);
  return at === -1 ? undefined : text.slice(0, at) + text.slice(at + block.length);
}

/** Below the head of the section of the agent, if it has one; `runtime = "inbox"` makes room. */
function inserted(text: string, agent: string, own: string): EditedToml | undefined {
  const head = headOf(agent).exec(text);
  if (head === null) return undefined;
  const at = head.index + head[0].length;
  const rest = text.slice(at);
  const end = /^[ \t]*\[/m.exec(rest)?.index ?? rest.length;
  const section = rest.slice(0, end).replace(/^[ \t]*runtime[ \t]*=[ \t]*["']inbox["'][ \t]*(#.*)?(\r?\n|$)/m, '');
  const block = `${own}\n`;
  const gap = head[0].endsWith('\n') ? '' : '\n';
  return { text: text.slice(0, at) + gap + block + section + rest.slice(end), block };
}

function appended(text: string, agent: string, own: string): EditedToml {
  const name = /^[A-Za-z0-9_-]+$/.test(agent) ? agent : JSON.stringify(agent);
  const gap = text === '' || text.endsWith('\n') ? '\n' : '\n\n';
  const block = `${gap}[agents.${name}]\n${own}\n`;
  return { text: text + block, block };
}

function headOf(agent: string): RegExp {
  const name = agent.replaceAll('.', String.raw`\.`);
  const bare = agent.includes('.') ? '' : `${name}|`;
  return new RegExp(
    String.raw`^[ \t]*\[[ \t]*agents[ \t]*\.[ \t]*(?:${bare}"${name}"|'${name}')[ \t]*\][ \t]*(?:#.*)?(?:\r?\n|$)`,
    'm',
  );
}

function agentIn(text: string, { agent, path }: SectionEdit): RuntimeConfig | undefined {
  try {
    return parseConfig(text, path).agents?.[agent];
  } catch {
    return undefined;
  }
}

const isSame = (one: object | undefined, other: object): boolean => one !== undefined && sorted(one) === sorted(other);

const sorted = (fields: object): string =>
  JSON.stringify(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)));
