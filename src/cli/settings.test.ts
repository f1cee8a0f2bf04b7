import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pasteable, settingsOf, shellWord } from './settings.ts';
import { allVerbs } from './table/all-verbs.ts';
import { verbNames } from './verb-names.ts';

describe('settingsOf', () => {
  it('takes the state folder from the flag, then from the two variables, then the usual one', () => {
    const environment = { AGENT_MESH_HOME: '/a', OPENCLAW_AGENT_MESH_DIR: '/b' };
    expect(settingsOf({ stateDir: '/flag' }, environment).stateDir).toBe('/flag');
    expect(settingsOf({}, environment).stateDir).toBe('/a');
    expect(settingsOf({}, { OPENCLAW_AGENT_MESH_DIR: '/b' }).stateDir).toBe('/b');
    expect(settingsOf({}, { AGENT_MESH_HOME: '' })).toMatchObject({
      stateDir: join(homedir(), '.openclaw', 'agent-mesh'),
      isDefaultStateDir: true,
    });
  });

  it('has no colours when --no-color, NO_COLOR or a dumb terminal say so', () => {
    expect(settingsOf({}, {}).colours).toBe(true);
    expect(settingsOf({ color: false }, {}).colours).toBe(false);
    expect(settingsOf({}, { NO_COLOR: '1' }).colours).toBe(false);
    expect(settingsOf({}, { TERM: 'dumb' }).colours).toBe(false);
  });
});

describe('pasteable', () => {
  const settings = settingsOf({ stateDir: "/tmp/it's here", agent: 'robot' }, {});

  it('adds the flags in use to every command of a hint, and to nothing else', () => {
    const folder = String.raw`--state-dir '/tmp/it'\''s here'`;
    expect(pasteable('Run: mesh approve bob, or mesh inbox. Not for mesh.toml or a mesh node.', settings)).toBe(
      `Run: mesh approve ${folder} --agent robot bob, or mesh inbox ${folder} --agent robot. Not for mesh.toml or a mesh node.`,
    );
  });

  it('names no agent where it makes no difference: a wrong one would be repeated for ever', () => {
    const wrong = settingsOf({ agent: 'nobody' }, {});
    expect(pasteable('mesh agent list, mesh down, mesh up --detach', wrong)).toBe(
      'mesh agent list, mesh down, mesh up --detach',
    );
  });

  it('names the passphrase file where the keys are opened', () => {
    const locked = settingsOf({ passphraseFile: '/run/secret' }, {});
    expect(pasteable('mesh up --detach, mesh invite', locked)).toBe(
      'mesh up --passphrase-file /run/secret --detach, mesh invite',
    );
  });

  it('changes nothing with the usual folder', () => {
    expect(pasteable('Run: mesh up', settingsOf({}, {}))).toBe('Run: mesh up');
  });

  it('knows every verb of the table, and none that is not there', () => {
    expect(allVerbs.map(({ name }) => name).toSorted()).toEqual(verbNames.toSorted());
  });
});

describe('shellWord', () => {
  it('quotes only what a shell would change', () => {
    expect(['bob', '/a/b-c.d', 'a b', '$HOME', "it's"].map(shellWord)).toEqual([
      'bob',
      '/a/b-c.d',
      "'a b'",
      "'$HOME'",
      String.raw`'it'\''s'`,
    ]);
  });
});
