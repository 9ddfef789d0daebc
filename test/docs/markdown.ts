// docs/configuration.md, made of the descriptions of the keys. No I/O.
import { allowedSentence, defaultSentence, tablesOfDocs, type TableOfDocs } from './words.js';

const HEAD = `# Configuration

\`cyrusmapd.toml\` is a [TOML](https://toml.io/) file. Each key of it is here, with what it allows and its default, as in
the manual page cyrusmapd.toml(5) and in \`rc.d/cyrusmapd.toml.sample\`. The three are written by \`npm run docs\`, from one
description of each key in \`src/config/keys/\`.

A key that is not named here is an error, so that a slip of the pen cannot pass for a setting. An error names the file, the
line, the key, its value and what is allowed; all errors are told at once.

- A **duration** is a whole number with its unit: \`"250ms"\`, \`"5s"\`, \`"15m"\`, \`"2h"\`, \`"7d"\`.
- An **endpoint** is written as in sendmail.mc: \`unix:/path\` or \`local:/path\` is a UNIX socket, \`inet:PORT@HOST\` is TCP
  over IPv4, \`inet6:PORT@HOST\` is TCP over IPv6.

A smallest file for a host where Cyrus runs beside the mail server:

\`\`\`toml
[backchannel.cyrus]
type = "lmtp"
endpoint = "unix:/var/imap/socket/lmtp"
canary = "postmaster@example.jp"
\`\`\`
`;

const DOMAINS = `## [domains]

Which back-channel serves which domain:

\`\`\`toml
[domains]
"example.jp" = "cyrus-a"
"*.example.net" = "cyrus-b"
"*" = "cyrus-a"
"example.org" = ["cyrus-a", "cyrus-b"]
\`\`\`

\`*.example.net\` is every domain below \`example.net\`, but not itself. The most specific line counts. Without this table the
only back-channel serves every domain; where there are several it is needed.

With an array each mailbox of the domain is on one of these servers, and may be moved from one to the other. It is deliverable as
soon as one of them says so, and unknown only where every one has just said so, each with its own canary; while one of them cannot be
asked, what the others lack is \`TEMP\`. The server that had a mailbox last is asked first, alone.
`;

export function configurationPage(): string {
  return [HEAD, ...tablesOfDocs().map(tableText), DOMAINS].join('\n');
}

function tableText({ heading, type, text, keys }: TableOfDocs): string {
  const title = type === undefined ? heading : `${heading}, type = "${type}"`;
  const items = Object.entries(keys).map(
    ([name, key]) =>
      `- **\`${name}\`**: ${key.text}\n  *${allowedSentence(key)} ${defaultSentence(key)} Since ${key.since}.*`,
  );
  return `## ${title}\n\n${text}\n\n${items.join('\n')}\n`.replaceAll(
    /\[(?=domains\]|lookup\]|policy\]|map\.)/g,
    '\\[',
  );
}
