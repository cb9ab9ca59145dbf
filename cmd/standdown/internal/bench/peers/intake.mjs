// What a good engineer would write with imapflow: take in every mail of an
// INBOX, and have it on disk before going on.
//
//   node imapflow.mjs one-by-one|stream HOST PORT USER PASSWORD COUNT FILE
//
// one-by-one  asks for the numbers, then for one mail after the other, each
//             safe on disk before the next
// stream      one FETCH for all, safe on disk after every 50
//
// The packages are those in the directory STANDDOWN_PEERS.

import { createRequire } from 'node:module';
import { open } from 'node:fs/promises';

const require = createRequire(process.env.STANDDOWN_PEERS + '/');
const { ImapFlow } = require('imapflow');

const [mode, host, port, user, pass, count, path] = process.argv.slice(2);
const secure = process.env.STANDDOWN_PEERS_TLS === 'tls';
const client = new ImapFlow({
    host, port: Number(port), secure, doSTARTTLS: false,
    auth: { user, pass }, logger: false, disableAutoIdle: true
});
const journal = await open(path, 'w');
let taken = 0;

const line = m => JSON.stringify({ uid: m.uid, from: m.envelope.from, subject: m.envelope.subject, source: m.source.toString('latin1') }) + '\n';
const wanted = { uid: true, envelope: true, source: true };

await client.connect();
await client.mailboxOpen('INBOX');
if (mode === 'one-by-one') {
    for (const uid of await client.search({ all: true }, { uid: true })) {
        await journal.write(line(await client.fetchOne(uid, wanted, { uid: true })));
        await journal.datasync();
        taken++;
    }
} else {
    let lines = [];
    const flush = async () => {
        await journal.write(lines.join(''));
        await journal.datasync();
        taken += lines.length;
        lines = [];
    };
    for await (const m of client.fetch('1:*', wanted)) {
        if (lines.push(line(m)) === 50) await flush();
    }
    if (lines.length) await flush();
}
await client.logout();
await journal.close();
if (taken !== Number(count)) {
    console.error(`took ${taken} mails, want ${count}`);
    process.exit(1);
}
