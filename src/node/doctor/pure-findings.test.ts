import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '#kernel';
import { party } from '../../../test/support/trust-fixtures.ts';
import type { KnownHub } from '../hubs/find-hub.ts';
import { clockFindings } from './clock-findings.ts';
import { endpointFindings } from './endpoint-findings.ts';
import { inOrder } from './finding.ts';
import { hubFindings } from './hub-findings.ts';
import { queueFindings } from './queue-findings.ts';

const minute = 60_000;
const clocks = (...offsets: readonly number[]) =>
  clockFindings(offsets.map((offsetMs, index) => ({ petname: `peer${index}`, offsetMs })));

describe('the clock of a machine', () => {
  it('is right while no peer is more than a minute off', () => {
    expect(clocks()).toEqual([]);
    expect(clocks(0, 30_000, -minute)).toEqual([]);
  });

  it('is wrong when most peers agree on another time', () => {
    const [own, ...more] = clocks(7 * minute, 7 * minute + 500, 7 * minute - 900);
    expect(more).toEqual([]);
    expect(own).toMatchObject({ severity: 'error', message: 'The clock of this machine is 7 min behind its peers' });
    expect(own?.fix).toContain('timedatectl set-ntp true');
    expect(clocks(-7 * minute, -7 * minute)[0]?.message).toBe(
      'The clock of this machine is 7 min ahead of that of its peers',
    );
  });

  it('is not to blame for one peer among others that is off', () => {
    const findings = clocks(100, 7 * minute, -200);
    expect(findings).toMatchObject([
      { severity: 'warning', message: 'The clock of peer1 is 7 min ahead of that of this machine' },
    ]);
    expect(findings[0]?.fix).toContain('mesh send peer1');
  });

  it('is not judged by one of two peers', () => {
    expect(clocks(0, -7 * minute)).toMatchObject([{ severity: 'warning', message: expect.stringContaining('peer1') }]);
    expect(clocks(7 * minute, -7 * minute).map(({ severity }) => severity)).toEqual(['warning', 'warning']);
  });

  it('and that of its only peer may both be wrong', () => {
    expect(clocks(-90_000)).toMatchObject([
      { severity: 'warning', message: 'The clock of peer0 is 90 s behind that of this machine' },
    ]);
  });
});

const now = 1_800_000_000_000;
const peer = {
  petname: 'bob',
  link: 'down',
  breaker: 'closed',
  waiting: 2,
  inFlight: 0,
  oldestAt: now - 20 * minute,
} as const;
const unreachable = { code: 'UNREACHABLE', message: 'connection refused' } as const;

describe('what waits for a peer', () => {
  it('is no finding while nothing waits, or not for long', () => {
    expect(queueFindings({ ...peer, waiting: 0 }, now)).toEqual([]);
    expect(queueFindings({ ...peer, oldestAt: now - minute }, now)).toEqual([]);
  });

  it('is one after ten minutes, or as soon as the breaker is open, with the reason and how long', () => {
    const [old] = queueFindings({ ...peer, lastError: unreachable }, now);
    expect(old?.message).toBe('2 messages wait for bob, the oldest for 20 min: connection refused (UNREACHABLE)');
    expect(old?.fix).toContain('mesh contact bob');
    expect(queueFindings({ ...peer, breaker: 'open', oldestAt: now - 1000 }, now)[0]?.meaning).toContain(
      'left alone for a while',
    );
  });

  it('names what fits the reason', () => {
    const fixFor = (code: 'NOT_TRUSTED' | 'HANDSHAKE_FAILED' | 'SUPERSEDED') =>
      queueFindings({ ...peer, lastError: { code, message: 'no' } }, now)[0]?.fix;
    expect(fixFor('NOT_TRUSTED')).toContain('mesh request URL');
    expect(fixFor('HANDSHAKE_FAILED')).toContain('Somebody else answers');
    expect(fixFor('SUPERSEDED')).toContain('was replaced');
    expect(queueFindings({ ...peer, link: 'up' }, now)[0]?.fix).toContain('mesh down, mesh up --detach');
  });

  it('is no fault of a peer that asked for a pause', () => {
    const held = { code: 'INBOX_FULL' } as const;
    const [note, ...more] = queueFindings({ ...peer, link: 'up', held }, now);
    expect(more).toEqual([]);
    expect(note).toMatchObject({ severity: 'note', message: '2 wait for bob, which asked for a pause (INBOX_FULL)' });
    expect(queueFindings({ ...peer, waiting: 0, held }, now)).toEqual([]);
  });

  it('waits for an update when the versions do not fit, also with nothing in the queue', () => {
    const lastError = { code: 'UNSUPPORTED_VERSION', message: 'no' } as const;
    expect(queueFindings({ ...peer, waiting: 0, lastError }, now)).toMatchObject([
      { check: 'version', severity: 'error', fix: expect.stringContaining('mesh --version') },
    ]);
  });
});

const look = (...codes: readonly ('UNREACHABLE' | 'UNKNOWN_AGENT' | 'SUPERSEDED' | undefined)[]) =>
  endpointFindings({
    agent: 'alice',
    endpoints: codes.map((code, index) => ({
      endpoint: `http://a${index}.test`,
      ...(code === undefined ? {} : { code }),
    })),
  });

describe('the addresses of a card', () => {
  it('are fine when the agent answers at each of them', () => {
    expect(look(undefined, undefined)).toEqual([]);
  });

  it('are a warning when one is dead, an error when all are, and worth a word when there is none', () => {
    expect(look(undefined, 'UNREACHABLE')).toMatchObject([{ severity: 'warning' }]);
    expect(look('UNREACHABLE', 'UNREACHABLE').map(({ severity }) => severity)).toEqual(['error', 'error']);
    expect(look()).toMatchObject([{ severity: 'warning', message: 'The card of alice names no address' }]);
    for (const { fix } of look('UNREACHABLE')) expect(fix).toContain('mesh up --detach --endpoint URL');
  });

  it('that lead to another agent, or to a machine from before a restore, are told apart', () => {
    expect(look('UNKNOWN_AGENT')[0]?.message).toContain('Another node answers');
    expect(look('SUPERSEDED', undefined)[0]).toMatchObject({
      severity: 'warning',
      fix: expect.stringContaining('mesh down'),
    });
  });
});

describe('findings', () => {
  it('come worst first, then in the order of the checks', () => {
    const one = { message: '', meaning: '', fix: '' };
    const sorted = inOrder([
      { ...one, check: 'queue', severity: 'note' },
      { ...one, check: 'queue', severity: 'error' },
      { ...one, check: 'clock', severity: 'warning' },
      { ...one, check: 'disk', severity: 'error' },
    ]);
    expect(sorted.map(({ check, severity }) => `${severity} ${check}`)).toEqual([
      'error disk',
      'error queue',
      'warning clock',
      'note queue',
    ]);
  });
});

describe('a hub', () => {
  const address = { base: 'http://hub.test:7700', hub: party(1).agentId };
  const membership = { address, name: 'team', joinedAt: now };
  const down = (code: ErrorCode): KnownHub => ({
    membership,
    status: { state: 'down', lastError: { code, message: 'no', at: now } },
  });

  it('is no finding while it is connected, or called for the first time', () => {
    expect(hubFindings('alice', [{ membership, status: { state: 'up' } }])).toEqual([]);
    expect(hubFindings('alice', [{ membership, status: { state: 'down' } }])).toEqual([]);
  });

  it('that cannot be reached is named, with what to do', () => {
    const [finding] = hubFindings('alice', [down('UNREACHABLE')]);
    expect(finding).toMatchObject({ check: 'hub', severity: 'warning' });
    expect(finding?.message).toBe('alice has no connection to its hub team at http://hub.test:7700: UNREACHABLE');
    expect(finding?.fix).toContain('mesh hubs');
  });

  it('that serves another node in the name of the agent says so', () => {
    expect(hubFindings('alice', [down('LINK_REPLACED')])[0]?.fix).toContain('mesh down');
    expect(hubFindings('alice', [down('NOT_ADMITTED')])[0]?.fix).toContain('mesh hub-join');
  });
});
