import type { Limits } from '#kernel';

const headerBytes = 12;
/** In the names of the service, of its instances and of their hosts; labels of a name stand in a packet as they are at least once. */
const ourWord = 'mesh';

/**
 * Whether a packet of multicast DNS (RFC 6762 §18) is worth reading: it speaks of nodes, and is neither larger nor of more records than
 * what nodes say. Everything else on the network is dropped before it costs anything.
 */
export function isAboutNodes(packet: Buffer, limits: Pick<Limits, 'maxLanPacketBytes' | 'maxLanRecords'>): boolean {
  if (packet.length < headerBytes || packet.length > limits.maxLanPacketBytes) return false;
  // Questions, answers, authorities and additional records.
  const records = [4, 6, 8, 10].reduce((sum, place) => sum + packet.readUInt16BE(place), 0);
  return records <= limits.maxLanRecords && packet.toString('latin1').toLowerCase().includes(ourWord);
}

/** Of a packet that has a header. */
export const isQuestion = (packet: Buffer): boolean => (packet.readUInt8(2) & 0x80) === 0;
