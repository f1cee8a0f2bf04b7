import type { Service } from 'bonjour-service';
import { type Clock, type Limits, type MeshError, type Random, toHex } from '#kernel';
import { encodeLanText, type LanText, lanServiceType } from '#protocol';
import type { LanEar, LanHearing } from './hear-lan.ts';
import type { LanAnswer } from './lan-answer.ts';
import { type MulticastOptions, MulticastSocket } from './multicast-socket.ts';

export interface MdnsOptions {
  /** Address of this machine in the network that is meant. */
  readonly interface?: string | undefined;
  readonly clock: Clock;
  readonly limits: MulticastOptions['limits'] & Pick<Limits, 'lanGoodbyeMs'>;
}

export interface Announcing extends MdnsOptions, LanText {
  /** Where the node listens. */
  readonly host: string;
  readonly port: number;
  readonly random: Random;
}

/** A node that can be found on the local network, until it is closed. */
export interface LanAnnouncement {
  /** Made anew each time, so that nobody follows a machine from network to network by it. */
  readonly name: string;
  /** Why nobody finds it at present. */
  problem(): MeshError | undefined;
  /** Says goodbye. */
  close(): Promise<void>;
}

const nameBytes = 8;

/** Announces a node by mDNS (spec §6.11), and answers who asks. Throws LAN_UNAVAILABLE. */
export async function announceOnLan(options: Announcing): Promise<LanAnnouncement> {
  const { host, port, random } = options;
  const { bonjour, socket, close } = await openMdns(options);
  const name = `mesh-${toHex(random.bytes(nameBytes))}`;
  bonjour.publish({
    name,
    type: lanServiceType,
    port,
    // The library would tell the name of the machine.
    host: `${name}.local`,
    txt: encodeLanText(options),
    disableIPv6: !host.includes(':'),
    // The name is random: nobody has to be asked whether it is taken.
    probe: false,
  });
  try {
    await socket.ready;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name,
    problem: () => socket.problem,
    async close() {
      await inTime(options, (done) => bonjour.unpublishAll(done));
      await close();
    },
  };
}

/** Hears nodes by mDNS. */
export function mdnsEar(options: MdnsOptions): LanEar {
  return {
    async open(onAnswer): Promise<LanHearing> {
      const { bonjour, socket, close } = await openMdns(options);
      const browser = bonjour.find({ type: lanServiceType }, (service) => {
        // The library would compare every answer with all before it, and hide one that comes under a name which it knows.
        browser.services.splice(0);
        onAnswer(answerOf(service));
      });
      try {
        await socket.ready;
      } catch (error) {
        await close();
        throw error;
      }
      return {
        ask: () => browser.update(),
        async close() {
          browser.stop();
          await close();
        },
      };
    },
  };
}

/** The library is loaded here only: a node that keeps away from the local network does not pay for it. */
async function openMdns(options: MdnsOptions) {
  const { default: Bonjour } = await import('bonjour-service');
  const socket = new MulticastSocket(options);
  // The library passes what its types do not know on to the one below it.
  const settings = { port: 5353, socket, bind: '0.0.0.0', interface: options.interface };
  const bonjour = new Bonjour(settings, () => {});
  const close = (): Promise<void> => inTime(options, (done) => bonjour.destroy(done));
  return { bonjour, socket, close };
}

/** Waits for the library to call back, and no longer than `lanGoodbyeMs`: on a socket that failed it never does. */
async function inTime({ clock, limits }: MdnsOptions, start: (done: () => void) => void): Promise<void> {
  const over = new AbortController();
  const done = new Promise<void>((resolve) => start(resolve));
  await Promise.race([done, clock.sleep(limits.lanGoodbyeMs, { signal: over.signal }).catch(() => {})]);
  over.abort();
}

function answerOf(service: Service): LanAnswer {
  const { name, port, addresses = [], referer } = service;
  const raw: unknown = 'rawTxt' in service ? service.rawTxt : undefined;
  const strings: readonly unknown[] = Array.isArray(raw) ? raw : [];
  return {
    name,
    port,
    source: referer?.address ?? '',
    addresses,
    text: strings.filter((one) => Buffer.isBuffer(one)).map((one) => one.toString('latin1')),
  };
}
