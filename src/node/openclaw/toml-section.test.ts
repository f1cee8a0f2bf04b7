import { describe, expect, it } from 'vitest';
import type { RuntimeConfig } from '../config.ts';
import { configTemplate } from '../config-template.ts';
import { parseConfig } from '../config-file.ts';
import { withoutBlock, withRuntime } from './toml-section.ts';

const settings: RuntimeConfig = { runtime: 'openclaw', url: 'ws://127.0.0.1:1', tokenFile: 'openclaw-token' };
const edit = { agent: 'bob', settings, path: 'mesh.toml' };
const agentIn = (text: string) => parseConfig(text, 'mesh.toml').agents;

describe('the settings of an agent in mesh.toml', () => {
  it.each([
    ['a file of its own', ''],
    ['the file that mesh init writes', configTemplate({ endpoints: [] })],
    ['a file without a line end', '[node]\nport = 1'],
    ['the section of the agent', '[agents.bob] # mine\nrootTurns = 5\n\n[agents.alice]\nrootTurns = 6\n'],
    ['a quoted name', '[agents."bob"]\nrootTurns = 5\n'],
    ['a section at the end', '[node]\nport = 1\n[agents.bob]'],
    ['settings that come later', '[agents.bob]\n[[agents.bob.capabilities]]\nid = "x"\n'],
  ])('are written into %s, and taken out again', (_, text) => {
    const before = agentIn(text)?.['bob'];
    const written = withRuntime(text, edit);
    expect(agentIn(written.text)?.['bob']).toEqual({ ...before, ...settings });
    expect(agentIn(written.text)?.['alice']).toEqual(agentIn(text)?.['alice']);
    expect(agentIn(withoutBlock(written.text, written.block) ?? '')).toEqual(agentIn(text));
    const later = `${written.text}\n[agents.carol]\nrootTurns = 1\n`;
    expect(agentIn(withoutBlock(later, written.block) ?? '')).toEqual({ ...agentIn(text), carol: expect.anything() });
    expect(
      withoutBlock(written.text.replace('"ws://127.0.0.1:1"', '"ws://127.0.0.1:2"'), written.block),
    ).toBeUndefined();
  });

  it('take the place of the runtime inbox, and of no other', () => {
    const { text } = withRuntime('[agents.bob]\nrootTurns = 5\nruntime = "inbox" # read by me\n', edit);
    expect(agentIn(text)?.['bob']).toEqual({ ...settings, rootTurns: 5 });
    expect(() => withRuntime('[agents.bob]\nruntime = "command"\ncommand = ["x"]\n', edit)).toThrow('written in a way');
  });

  it('are not written where they would mean something else', () => {
    expect(() => withRuntime('agents = { bob = { rootTurns = 5 } }\n', edit)).toThrow('written in a way');
    expect(() => withRuntime('[agents]\nbob.rootTurns = 5\n', edit)).toThrow('written in a way');
    const quoted = withRuntime('', { ...edit, agent: 'bob.b' });
    expect(Object.keys(agentIn(quoted.text) ?? {})).toEqual(['bob.b']);
  });
});
