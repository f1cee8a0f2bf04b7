import { describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { alice } from '../../test/support/link-agents.ts';
import { parseHubConfig } from './hub-config.ts';
import { hubLimitNames } from './hub-limits.ts';

const parse = (text: string) => parseHubConfig(text, '/srv/hub/hub.toml');

describe('hub.toml', () => {
  it('may be empty', () => {
    expect(parse('')).toEqual({ limits: {} });
  });

  it('says what the hub is, whom it admits, and what it bounds', () => {
    const text = `
      [hub]
      name = "team"
      host = "0.0.0.0"
      port = 7701
      url = "https://hub.example"
      admission = "allowlist"
      allowlist = ["${alice.agentId}"]
      guests = false
      logLevel = "warn"
      [limits]
      maxMailboxFrames = 50
    `;
    expect(parse(text)).toEqual({
      name: 'team',
      host: '0.0.0.0',
      port: 7701,
      url: 'https://hub.example',
      admission: 'allowlist',
      allowlist: [alice.agentId],
      guests: false,
      logLevel: 'warn',
      limits: { maxMailboxFrames: 50 },
    });
  });

  it('may set every limit that it names, and these alone', () => {
    const names = Object.keys(hubLimitNames);
    const text = `[limits]\n${names.map((name) => `${name} = 7`).join('\n')}`;
    expect(parse(text).limits).toEqual(Object.fromEntries(names.map((name) => [name, 7])));
    expect(names.every((name) => Object.hasOwn(defaultLimits, name))).toBe(true);
  });

  it.each([
    ['is no TOML', '[hub'],
    ['has a setting that is not known', '[hub]\ncolour = "red"'],
    ['has a limit that is not known', '[limits]\nmaxFrameBytes = 7'],
    ['has a limit of nothing', '[limits]\nmaxLinks = 0'],
    ['has a name with a blank', '[hub]\nname = "our team"'],
    ['lists who is nobody', '[hub]\nallowlist = ["alice"]'],
    ['admits in a way that is not known', '[hub]\nadmission = "maybe"'],
    ['is reached nowhere', '[hub]\nurl = "hub.example"'],
  ])('is refused when it %s', (_what, text) => {
    expect(codeThrownBy(() => parse(text))).toBe('INVALID_CONFIG');
  });

  it('is refused with the name of the setting', () => {
    expect(() => parse('[limits]\nmaxLinks = "many"')).toThrow(/hub\.toml: limits\.maxLinks/);
    expect(() => parse('[hub]\n\nname = \n')).toThrow(/line 3/);
  });
});
