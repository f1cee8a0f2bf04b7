import { describe } from 'vitest';
import { linkContract } from '../../test/contracts/link.ts';
import { memoryTransport, webSocketTransport } from '../../test/support/link-transports.ts';

describe('a link in memory', () => {
  linkContract(memoryTransport);
});
describe('a link over WebSocket', () => {
  linkContract(webSocketTransport);
});
