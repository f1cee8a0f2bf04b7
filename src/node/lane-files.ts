import type { ErrorCode } from '#kernel';
import {
  type BlobFiles,
  type DepositStatus,
  FileDeposits,
  FileFetcher,
  type FileRow,
  type FileServer,
} from '#delivery';
import type { Link } from '#link';
import { fileArrived, fileLost, type Lane, type PipelinePorts, wantedFiles } from '#pipeline';
import type { HubAddress } from '#protocol';
import { admitFrame, type Contact } from '#trust';
import { FileSources } from './hubs/file-sources.ts';
import type { HubDesk } from './hubs/hub-desk.ts';
import { mailboxesOf } from './contact-addresses.ts';

export interface LaneFilesOptions {
  readonly lane: Lane;
  readonly ports: PipelinePorts;
  readonly blobFiles: BlobFiles;
  readonly server: FileServer;
  readonly hubs: HubDesk;
  /** There is news of a file that is on its way. */
  tell(no: number): void;
}

/**
 * The files of one lane on their way: from the peer or from hubs that keep them for it, and, while there is no link to the peer, to the hubs
 * of this agent (spec §13.9).
 */
export class LaneFiles {
  readonly fetcher: FileFetcher;
  readonly #deposits: FileDeposits;
  readonly #sources: FileSources;
  readonly #options: LaneFilesOptions;

  constructor(options: LaneFilesOptions) {
    this.#options = options;
    const { ports, hubs } = options;
    this.#sources = new FileSources({
      ...ports,
      addresses: () => this.#addresses(),
      open: (address, how) => hubs.mailboxLink(address, options.lane.peer, how),
      onChange: () => this.fetcher.wake(),
    });
    this.fetcher = this.#fetcher(options);
    this.#deposits = this.#depositsOf(options);
  }

  /** True when there is something for it to do. */
  static isNeeded(lane: Lane): boolean {
    return wantedFiles(lane).length > 0 || (isByMail(lane) && filesOut(lane).length > 0);
  }

  wake(): void {
    this.fetcher.wake();
    this.#deposits.wake();
  }

  /** Of a file that goes out. */
  depositOf(no: number): DepositStatus | undefined {
    return this.#deposits.statusOf(no);
  }

  /** Why a file that goes out is kept by nobody but us, while it cannot go to the peer itself. */
  reasonOf(no: number): ErrorCode | undefined {
    if (!isByMail(this.#options.lane)) return undefined;
    const { hubs } = this.#options;
    if (hubs.memberships.length === 0) return 'NO_HUB';
    return hubs.keepersFor([]).length === 0 ? 'UNREACHABLE' : this.#deposits.statusOf(no)?.reason;
  }

  /** The file arrived or ended: nobody needs to keep it any more. */
  async settled(row: FileRow): Promise<void> {
    await this.#deposits.drop(row);
  }

  async close(): Promise<void> {
    await this.#deposits.close();
    await this.fetcher.close();
    this.#sources.close();
  }

  #fetcher({ lane, ports, blobFiles, tell }: LaneFilesOptions): FileFetcher {
    const { store } = ports;
    return new FileFetcher({
      ...ports,
      wanted: () => wantedFiles(lane),
      links: () => this.#links(),
      onIdle: () => this.#sources.letGo(),
      ports: {
        files: blobFiles,
        keep: ({ row }, from, ids) => store.transact((tx) => tx.files.putChunks(row.no, from, ids)),
        arrived: (wanted) => fileArrived(lane, wanted),
        lost: (wanted, code) => fileLost(lane, wanted, code),
        progress: ({ row }) => tell(row.no),
      },
    });
  }

  #depositsOf({ lane, ports, server, hubs, tell }: LaneFilesOptions): FileDeposits {
    const { clock, limits, store } = ports;
    return new FileDeposits({
      ...ports,
      waiting: () => (isByMail(lane) && this.#isPeer ? filesOut(lane) : []),
      keepers: () => hubs.keepersFor(this.#mailboxes()),
      reader: () => lane.peer,
      read: (row, ask, parts) => server.read(row, ask, parts),
      isStuck: ({ message }) => {
        const { deliveredAt } = store.read.outbox.message(lane.agent.name, message) ?? {};
        return deliveredAt !== undefined && clock.now() - deliveredAt > limits.mailRepeatMs;
      },
      progress: ({ no }) => tell(no),
    });
  }

  /** The peer itself when there is a link to it, or else those who may keep its files. */
  #links(): readonly Link[] {
    const { link } = this.#options.lane.courier;
    if (!this.#isPeer) return [];
    return link !== undefined && link.keeper === undefined ? [link] : this.#sources.links();
  }

  #addresses(): readonly HubAddress[] {
    const { hubs } = this.#options;
    const own = hubs.memberships.map(({ membership }) => membership.address);
    const all = new Map([...own, ...this.#mailboxes()].map((address) => [address.hub, address]));
    return [...all.values()].filter(({ hub }) => hubs.mayReach(hub));
  }

  #mailboxes(): readonly HubAddress[] {
    const contact = this.#contact;
    return contact === undefined ? [] : mailboxesOf(contact);
  }

  get #isPeer(): boolean {
    return admitFrame(this.#contact) === undefined;
  }

  get #contact(): Contact | undefined {
    const { lane, ports } = this.#options;
    return ports.store.read.contacts.byAgentId(lane.agent.name, lane.peer);
  }
}

/** What is said to the peer lies with somebody until it comes. */
const isByMail = ({ courier }: Lane): boolean => courier.link?.keeper !== undefined;

/** Files that the peer does not have, of messages that were accepted. */
function filesOut({ agent, peer, ports }: Lane): readonly FileRow[] {
  const { files, outbox } = ports.store.read;
  const open = files.open({ agent: agent.name, peer, direction: 'out' });
  return open.filter((row) => row.data !== undefined && outbox.message(agent.name, row.message) !== undefined);
}
