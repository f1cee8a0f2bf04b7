import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { teamSettings } from './settings.ts';

const settings = (environment: Readonly<Record<string, string>> = {}) =>
  teamSettings({ environment, home: '/home/alice', cwd: '/srv/here' });

describe('what the environment says about the team', () => {
  it('is what the original has when nothing is said', () => {
    expect(settings()).toEqual({
      registryFiles: [
        '/home/alice/.config/agent-team-mesh/registry.json',
        '/home/alice/.openclaw/workspace/skills/agent-team-mesh/references/registry.json',
        '/home/alice/.openclaw/skills/agent-team-mesh/references/registry.json',
      ],
      tokensFile: '/home/alice/.config/agent-team-mesh/tokens.json',
      deviceFile: '/home/alice/.config/agent-team-mesh/device.pem',
      sourceFile: '/home/alice/.config/agent-team-mesh/sync.json',
      userFiles: [
        '/home/alice/.openclaw/workspace/USER.md',
        '/home/alice/.config/agent-team-mesh/USER.md',
        '/srv/here/USER.md',
      ],
      ssoFile: '/home/alice/sso.json',
      emailDomain: 'example.com',
      allowPlaintext: false,
      limits: { softBytes: 4096, hardBytes: 8192 },
      guard: 'block',
    });
  });

  it('follows XDG_CONFIG_HOME, and files that are named', () => {
    const named = settings({
      XDG_CONFIG_HOME: '/etc/alice',
      MESH_REGISTRY_FILE: 'team.json',
      MESH_TOKENS_FILE: '/keys/tokens.json',
      MESH_IM_FALLBACK: '/opt/im/send.py',
      OPENCLAW_ALLOW_INSECURE_PRIVATE_WS: '1',
    });
    expect(named).toMatchObject({
      registryFiles: ['/srv/here/team.json'],
      tokensFile: '/keys/tokens.json',
      sourceFile: '/etc/alice/agent-team-mesh/sync.json',
      imFallback: '/opt/im/send.py',
      allowPlaintext: true,
    });
    expect(settings({ XDG_CONFIG_HOME: '/etc/alice' }).tokensFile).toBe('/etc/alice/agent-team-mesh/tokens.json');
  });

  it.each(['none', '', '  '])('has no IM program for %j', (MESH_IM_FALLBACK) => {
    expect(settings({ MESH_IM_FALLBACK })).not.toHaveProperty('imFallback');
  });

  it.each(['0', 'true', 'yes'])('does not allow plaintext for %j, only for 1', (OPENCLAW_ALLOW_INSECURE_PRIVATE_WS) => {
    expect(settings({ OPENCLAW_ALLOW_INSECURE_PRIVATE_WS }).allowPlaintext).toBe(false);
  });

  it('takes limits, and a lower hard one lowers the soft one with it', () => {
    const limits = (environment: Readonly<Record<string, string>>) => settings(environment).limits;
    expect(limits({ MESH_MSG_SOFT_LIMIT: '10', MESH_MSG_HARD_LIMIT: '20' })).toEqual({ softBytes: 10, hardBytes: 20 });
    expect(limits({ MESH_MSG_HARD_LIMIT: '100' })).toEqual({ softBytes: 100, hardBytes: 100 });
  });

  it.each([
    { MESH_MSG_SOFT_LIMIT: '0' },
    { MESH_MSG_SOFT_LIMIT: '-1' },
    { MESH_MSG_SOFT_LIMIT: '4k' },
    { MESH_MSG_HARD_LIMIT: '1e9' },
    { MESH_MSG_HARD_LIMIT: '99999999' },
    { MESH_MSG_SOFT_LIMIT: '8193' },
    { MESH_TEAM_GUARD: 'review' },
    { MESH_EMAIL_DOMAIN: 'a b' },
    { MESH_EMAIL_DOMAIN: '@example.com' },
  ])('refuses %j', (environment) => {
    expect(codeThrownBy(() => settings(environment))).toBe('INVALID_CONFIG');
  });
});
