import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshPerson, rowsOf } from '../support/mesh-person.ts';

// Real mDNS, on the loopback network: other nodes may be announced there at the same time.
async function personWith(name: string, setting: string): Promise<MeshPerson> {
  const person = await MeshPerson.create(name);
  const config = join(person.stateDir, 'mesh.toml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('[lan]', `[lan]\n${setting}`));
  return person;
}
const onLoopback = 'interface = "127.0.0.1"';

let alice: MeshPerson;
let bob: MeshPerson;
beforeAll(async () => {
  [alice, bob] = await Promise.all([personWith('alice', onLoopback), personWith('bob', onLoopback)]);
  await bob.say('up', '--detach');
});
afterAll(() => Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]())));

const urlsFound = async (): Promise<readonly unknown[]> =>
  rowsOf((await bob.ask('scan', '--lan', '--timeout', '1s'))['found']).map(({ url }) => url);

describe('two nodes on one network', () => {
  it('do not find each other unless one of them wants to be found', async () => {
    await alice.say('up', '--detach');
    expect(await alice.say('status')).not.toMatch(/^LAN/m);
    expect(await urlsFound()).not.toContain(alice.url);
    await alice.say('down');
  });

  it('find each other then, and one asks the other for trust as the line says', async () => {
    const started = await alice.say('up', '--detach', '--lan');
    expect(started).toMatch(/^LAN +announced as mesh-[0-9a-f]{16}, in the network of 127\.0\.0\.1$/m);
    expect(await alice.say('status')).toMatch(/^LAN +announced as mesh-/m);
    const shown = await bob.say('scan', '--lan', '--timeout', '1s');
    expect(shown).toContain(`${alice.url}\n  alice  `);
    expect(shown).toMatch(/found on the local network\. None is trusted for being near\.$/m);
    expect(shown).not.toContain(bob.url);
    expect(rowsOf((await bob.ask('peers', '--all'))['contacts'])).toEqual([]);
    const asked = await bob.say('request', alice.url);
    expect(asked).toContain('The request has arrived.');
    expect(await bob.say('scan', '--lan', '--timeout', '1s')).toMatch(/alice {2}.* {2}alice, requested-out$/m);
  });

  it('lose each other when one stops', async () => {
    expect(await urlsFound()).toContain(alice.url);
    await alice.say('down');
    expect(await urlsFound()).not.toContain(alice.url);
  });

  it('are not found in vain: a node that nobody can call says so', async () => {
    const carol = await personWith('carol', 'enabled = true');
    try {
      const started = await carol.say('up', '--detach');
      expect(started).toMatch(/^LAN +not announced: see below$/m);
      expect(started.replaceAll(/\s+/g, ' ')).toContain(
        `warning[LAN_UNAVAILABLE]: Nobody on the local network can call this node: it listens on 127.0.0.1 only`,
      );
      expect(started).toContain(`mesh up --state-dir`);
      expect((await carol.run(['doctor'])).stdout).toContain('warning[lan]: ');
    } finally {
      await carol[Symbol.asyncDispose]();
    }
  });
});
