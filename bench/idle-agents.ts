// Agents that are linked to a hub and wait, all in this process, driven over IPC: each has its own key, its standing line to the hub, an open
// question for mail and keep-alive, as in its node. And for comparison connections of nothing but WebSockets.
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { defaultLimits, MeshError, silentLogger, systemClock, systemRandom } from '#kernel';
import { agentIdOf, cardBytes, generateKeyPair, parseAgentId, signCard } from '#identity';
import { dialLink, dialWebSocket, type LinkHandler, type LinkSelf } from '#link';
import { HubLine } from '#node';
import type { HubAddress } from '#protocol';

const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, logger: silentLogger };
/** The hub keeps them and looks into none. */
const keyPackageBytes = 64;
/** Agents that come up together at first. */
const atOnce = 200;

const nothing = (): Promise<never> => Promise.reject(new MeshError('NOT_FOUND'));

const handler: LinkHandler = {
  onFrame: nothing,
  cardOf: nothing,
  keyPackageFor: nothing,
  readBlob: nothing,
  isTrusted: () => true,
  admit: () => undefined,
  onProof: () => undefined,
  onLink: () => undefined,
};

/** Of all agents. */
const lines: HubLine[] = [];
const bare: WebSocket[] = [];
let up = 0;
let changed = (): void => undefined;
let connectsBySecond = new Map<number, number>();

function cardOf({ root }: LinkSelf, name: string): Uint8Array {
  const at = systemClock.now();
  const lists = { devices: [], endpoints: [], mailboxes: [], capabilities: [], suites: [] };
  return cardBytes(signCard({ name, ...lists, seq: 1, createdAt: at, expiresAt: at + 86_400_000 }, root));
}

function newLine(address: HubAddress, n: number): HubLine {
  const root = generateKeyPair(systemRandom);
  const self: LinkSelf = { agentId: agentIdOf(root.publicKey), root, rotations: [] };
  const card = cardOf(self, `agent-${n}`);
  let isUp = false;
  const line: HubLine = new HubLine({
    address,
    ports: {
      ...ports,
      dial: async ({ base, hub }, { signal }) => {
        countConnect();
        const connection = await dialWebSocket(base, { ...ports, signal });
        return dialLink({ ...ports, handler, connection, self, expect: hub, signal });
      },
      card: () => card,
      keyPackages: async (count) => Array.from({ length: count }, () => randomBytes(keyPackageBytes)),
      take: async () => undefined,
      onChange: () => {
        if (isUp === (line.link !== undefined)) return;
        isUp = !isUp;
        up += isUp ? 1 : -1;
        changed();
      },
    },
  });
  return line;
}

function countConnect(): void {
  const second = Math.floor(systemClock.monotonic() / 1000);
  connectsBySecond.set(second, (connectsBySecond.get(second) ?? 0) + 1);
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise<void>((resolve) => (changed = resolve));
};

const bareOpened = (url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    bare.push(socket);
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });

const verbs: Record<string, (input: Record<string, unknown>) => Promise<Record<string, unknown>>> = {
  /** Brings so many agents up, which are members then. */
  open: async ({ base, hub, agents }) => {
    const address = { base: String(base), hub: parseAgentId(hub) };
    while (lines.length < Number(agents)) {
      await until(() => lines.length - up < atOnce);
      const line = newLine(address, lines.length);
      lines.push(line);
      line.start();
    }
    await until(() => up === lines.length);
    return { up };
  },
  /** When all have noticed that the hub is gone. */
  down: async () => {
    connectsBySecond = new Map();
    await until(() => up === 0);
    return {};
  },
  /** When all are linked again. */
  up: async () => {
    await until(() => up === lines.length);
    const connects = [...connectsBySecond.values()];
    return { connects: connects.reduce((sum, count) => sum + count, 0), peakConnectsPerSecond: Math.max(...connects) };
  },
  leave: async () => {
    await Promise.all(lines.splice(0).map((line) => line.stop()));
    return {};
  },
  bare: async ({ url, connections }) => {
    while (bare.length < Number(connections))
      await Promise.all(Array.from({ length: atOnce }, () => bareOpened(String(url))));
    return {};
  },
};

process.on('message', (input: { readonly type: string }) => {
  if (input.type === 'close') process.exit(0);
  void verbs[input.type]?.({ ...input }).then((result) => process.send?.({ type: input.type, ...result }));
});
