// An IMAP client (RFC 3501, 4314, 9208) for tests, logged in as Cyrus' administrator. It owes nothing to src/, so
// that what it finds can be held against what the daemon says. Commands may be sent without awaiting the last one.
import { LineClient } from './line-client.js';

/** What `SETQUOTA` sets: KiB of storage, and messages. */
export interface Quota {
  readonly storage?: number;
  readonly messages?: number;
  /** By the name that this version has for them. */
  readonly others?: Readonly<Record<string, number>>;
}

interface Pending {
  readonly tag: string;
  readonly resolve: (lines: string[]) => void;
  readonly reject: (error: unknown) => void;
}

export class ImapAdmin {
  readonly #client: LineClient;
  readonly #pending: Pending[] = [];
  #tags = 0;

  private constructor(client: LineClient) {
    this.#client = client;
  }

  static async login(port: number, user: string, password: string): Promise<ImapAdmin> {
    const client = LineClient.connect(port);
    const greeting = await client.line();
    if (!greeting.startsWith('* OK ')) throw new Error(`imap greeting: ${greeting}`);
    const admin = new ImapAdmin(client);
    await admin.#must(`LOGIN ${quoted(user)} ${quoted(password)}`);
    return admin;
  }

  /** Sends a command and gives all lines of its response; the last is the tagged one, without its tag. */
  command(line: string): Promise<string[]> {
    const tag = `t${++this.#tags}`;
    const lines = new Promise<string[]>((resolve, reject) => this.#pending.push({ tag, resolve, reject }));
    this.#client.send(`${tag} ${line}`);
    if (this.#pending.length === 1) void this.#read();
    return lines;
  }

  async create(mailbox: string): Promise<void> {
    await this.#must(`CREATE ${quoted(mailbox)}`);
  }

  /** Takes the right to do so first, which an administrator of Cyrus lacks. */
  async delete(mailbox: string): Promise<void> {
    await this.setacl(mailbox, 'cyrus', 'lxca');
    await this.remove(mailbox);
  }

  /** Deletes it, where the right to do so is there. */
  async remove(mailbox: string): Promise<void> {
    await this.#must(`DELETE ${quoted(mailbox)}`);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#must(`RENAME ${quoted(from)} ${quoted(to)}`);
  }

  /** No rights at all take the identifier out of the list. */
  async setacl(mailbox: string, identifier: string, rights: string): Promise<void> {
    await this.#must(`SETACL ${quoted(mailbox)} ${quoted(identifier)} ${quoted(rights)}`);
  }

  /** Sets the limits given and takes away the others. */
  async setquota(mailbox: string, { storage, messages, others = {} }: Quota): Promise<void> {
    const limits = [
      ...(storage === undefined ? [] : [`STORAGE ${storage}`]),
      ...(messages === undefined ? [] : [`MESSAGE ${messages}`]),
      ...Object.entries(others).map(([name, limit]) => `${name} ${limit}`),
    ];
    await this.#must(`SETQUOTA ${quoted(mailbox)} (${limits.join(' ')})`);
  }

  /** The names of all mailboxes that can hold mail, as an administrator writes them. */
  async mailboxes(): Promise<string[]> {
    const lines = await this.#must('LIST "" "*"');
    return lines.flatMap((line) => {
      const match = /^\* LIST \(([^)]*)\) \S+ (?:"((?:[^"\\]|\\.)*)"|(.*))$/.exec(line);
      if (match === null || /\\No(select|nExistent)/i.test(match[1] ?? '')) return [];
      return [match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? ''];
    });
  }

  async close(): Promise<void> {
    await this.command('LOGOUT').catch(() => undefined);
    this.#client.close();
  }

  async #must(line: string): Promise<string[]> {
    const lines = await this.command(line);
    const tagged = lines.at(-1) ?? '';
    if (!tagged.startsWith('OK')) throw new Error(`${line}: ${tagged}`);
    return lines;
  }

  /** Cyrus answers in order, so all lines up to the next tag belong to the oldest command. */
  async #read(): Promise<void> {
    let lines: string[] = [];
    try {
      for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
        const line = await this.#client.line();
        if (!line.startsWith(`${next.tag} `)) {
          lines.push(line);
          continue;
        }
        next.resolve([...lines, line.slice(next.tag.length + 1)]);
        lines = [];
        this.#pending.shift();
      }
    } catch (error) {
      for (const { reject } of this.#pending.splice(0)) reject(error);
    }
  }
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
