import { describe, expect, it } from 'vitest';
import { agentIdOf, generateKeyPair } from '#identity';
import { systemRandom } from '#kernel';
import { relayCapability, relayCapabilityId, relaysIn } from './relay-capability.ts';

const hub = agentIdOf(generateKeyPair(systemRandom).publicKey);

describe('the capability of a relay', () => {
  it('names where it is reached, in the order of the endpoints', () => {
    const addresses = [
      { base: 'https://rita.example', hub },
      { base: 'http://10.0.0.7:8787', hub },
    ];
    const capability = relayCapability(addresses);
    expect(capability.tags).toEqual([`https://rita.example/${hub}`, `http://10.0.0.7:8787/${hub}`]);
    expect(relaysIn([{ id: 'code.review', description: '', tags: ['x'] }, capability])).toEqual(addresses);
  });

  it('leaves out what is no address, and an address that is too long for a tag', () => {
    const long = { base: `http://${'a'.repeat(440)}.example`, hub };
    expect(relayCapability([long]).tags).toEqual([]);
    const tags = ['http://rita.example', `ftp://rita.example/${hub}`, '', 'x', `http://rita.example/${hub}`];
    expect(relaysIn([{ id: relayCapabilityId, description: '', tags }])).toEqual([
      { base: 'http://rita.example', hub },
    ]);
    expect(relaysIn([])).toEqual([]);
  });
});
