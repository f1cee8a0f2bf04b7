import { describe, expect, it } from 'vitest';
import { failure } from '../../test/support/failure.ts';
import { recognize, requireIdentity } from './identity.ts';
import { teamSettings } from './settings.ts';

const first = '/home/alice/.openclaw/workspace/USER.md';
const second = '/home/alice/.config/agent-team-mesh/USER.md';
const third = '/srv/here/USER.md';
const sso = '/home/alice/sso.json';

type Files = Readonly<Record<string, string>>;

const places = (myEmail?: string) =>
  teamSettings({
    environment: myEmail === undefined ? {} : { MESH_MY_EMAIL: myEmail },
    home: '/home/alice',
    cwd: '/srv/here',
  });
const reader = (files: Files) => async (path: string) => files[path];
const who = async (files: Files, myEmail?: string) => (await recognize(places(myEmail), reader(files))).identity;

describe('who works here', () => {
  const all: Files = {
    [first]: 'email: first@example.com',
    [second]: 'email: second@example.com',
    [third]: 'email: third@example.com',
    [sso]: '{"user":{"email":"sso@example.com"}}',
  };
  const without = (...paths: readonly string[]): Files =>
    Object.fromEntries(Object.entries(all).filter(([path]) => !paths.includes(path)));

  it('is what the first layer says, and the layer is told', async () => {
    expect(await who(all, 'Alice@Example.com')).toEqual({
      email: 'Alice@Example.com',
      prefix: 'alice',
      layer: 'MESH_MY_EMAIL',
      source: 'MESH_MY_EMAIL',
    });
    expect(await who(all)).toMatchObject({ prefix: 'first', layer: 'USER.md', source: first });
    expect(await who(without(first))).toMatchObject({ prefix: 'second', source: second });
    expect(await who(without(first, second))).toMatchObject({ prefix: 'third', source: third });
    expect(await who(without(first, second, third))).toMatchObject({ prefix: 'sso', layer: 'sso.json', source: sso });
  });

  it.each([
    'email: alice@example.com',
    '# Me\r\n- **Email:** alice@example.com\r\n',
    '* email : <alice@example.com>',
    'E-Mail: [alice@example.com](mailto:alice@example.com)',
    '邮箱：alice@example.com',
    'Email: see below\nemail: `alice@example.com`, at work',
  ])('is read from a USER.md such as %j', async (text) => {
    expect(await who({ [first]: text })).toMatchObject({ email: 'alice@example.com' });
  });

  it.each([
    '',
    'Write me: bob@example.com',
    'I never read email. bob@example.com does',
    'email:',
    'email: @example.com',
  ])('is not guessed from %j', async (text) => {
    expect(await who({ [first]: text })).toBeUndefined();
  });

  it.each(['', 'no json', '{}', '{"user":null}', '{"user":{"email":7}}', '{"user":{"email":"alice"}}', '[]'])(
    'is not guessed from an sso.json that holds %j',
    async (text) => {
      expect(await who({ [sso]: text })).toBeUndefined();
    },
  );

  it('goes on after a file that cannot be read', async () => {
    const read = async (path: string): Promise<string | undefined> => {
      if (path === first) throw new Error('no');
      return path === sso ? '{"user":{"email":"alice@example.com"}}' : undefined;
    };
    const { identity, silent } = await recognize(places(), read);
    expect(identity).toMatchObject({ prefix: 'alice' });
    expect(silent.map(({ place, reason }) => `${place}: ${reason}`)).toEqual([
      'MESH_MY_EMAIL: not set',
      `${first}: cannot be read`,
      `${second}: no such file`,
      `${third}: no such file`,
    ]);
  });

  it('is nobody when nothing says it, and whoever needs it is told the three places and what to write', async () => {
    const error = await failure(requireIdentity(places(), reader({})));
    expect(error.code).toBe('TEAM_IDENTITY_UNKNOWN');
    for (const place of ['MESH_MY_EMAIL', first, second, third, sso]) expect(error.hint).toContain(place);
  });

  it.each(['alice', 'alice@', '@example.com', 'a b@example.com'])(
    'is never %j: the variable is refused',
    async (text) => {
      expect((await failure(recognize(places(text), reader(all)))).code).toBe('INVALID_CONFIG');
    },
  );
});
