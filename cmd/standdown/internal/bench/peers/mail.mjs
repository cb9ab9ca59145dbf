// What a good engineer would write with imapflow and jsforce: whenever a mail
// comes in, set the status of the contract that it names, and mark the mail as
// seen. It prints "ready" once it waits for mail.
//
//   node mail.mjs naive|tuned HOST PORT USER PASSWORD ORG
//
// naive   reacts to the event 'exists', takes one mail after the other, asks for
//         its contract and updates it; imapflow enters IDLE by itself
// tuned   waits in IDLE of its own, takes all unseen mails at once, asks for their
//         contracts in one query, updates those that are still active 200 to a
//         call, then marks the mails; connects again when the link is lost
//
// The packages are those in the directory STANDDOWN_PEERS.

import { createRequire } from 'node:module';

const require = createRequire(process.env.STANDDOWN_PEERS + '/');
const { ImapFlow } = require('imapflow');
const jsforce = require('jsforce');

const [way, host, port, user, pass, org] = process.argv.slice(2);
const wanted = { uid: true, source: true };
const contract = m => /contract (C-[0-9]+)/.exec(m.source.toString('latin1'))?.[1];

async function login() {
    const conn = new jsforce.Connection({
        loginUrl: org, instanceUrl: org, version: '64.0',
        oauth2: { loginUrl: org, clientId: 'sandbox', clientSecret: 'secret' },
        refreshFn: (c, done) => login().then(fresh => done(null, fresh.accessToken), done)
    });
    await conn.authorize({ grant_type: 'client_credentials' });
    return conn;
}

const link = () => new ImapFlow({
    host, port: Number(port), secure: process.env.STANDDOWN_PEERS_TLS === 'tls', doSTARTTLS: false,
    auth: { user, pass }, logger: false, disableAutoIdle: way === 'tuned'
});

async function naive(conn) {
    const client = link();
    await client.connect();
    await client.mailboxOpen('INBOX');
    let busy = false, again = false;
    const look = async () => {
        again = true;
        if (busy) return;
        busy = true;
        while (again) {
            again = false;
            for (const uid of await client.search({ seen: false }, { uid: true })) {
                const m = await client.fetchOne(uid, wanted, { uid: true });
                const { records } = await conn.query(`SELECT Id FROM Workflow__c WHERE Contract_Id__c = '${contract(m)}'`);
                await conn.sobject('Workflow__c').update({ Id: records[0].Id, Status__c: 'Cancel Pending' });
                await client.messageFlagsAdd(uid, ['\\Seen'], { uid: true });
            }
        }
        busy = false;
    };
    client.on('exists', look);
    await look();
    console.log('ready');
}

async function tuned(conn) {
    const client = link();
    const lost = new Promise((_, reject) => {
        client.on('error', reject);
        client.on('close', () => reject(new Error('closed')));
    });
    lost.catch(() => {});
    let news = false, wake = () => {};
    client.on('exists', () => {
        news = true;
        wake();
    });
    await client.connect();
    await client.mailboxOpen('INBOX');
    console.log('ready');
    for (;;) {
        news = false;
        const uids = await client.search({ seen: false }, { uid: true });
        if (uids.length) {
            const mails = await client.fetchAll(uids, wanted, { uid: true });
            for (let i = 0; i < mails.length; i += 200) {
                const some = mails.slice(i, i + 200);
                const names = some.map(m => `'${contract(m)}'`).join(',');
                const { records } = await conn.query(`SELECT Id FROM Workflow__c WHERE Status__c = 'Active' AND Contract_Id__c IN (${names})`, { autoFetch: true });
                if (records.length) await conn.sobject('Workflow__c').update(records.map(r => ({ Id: r.Id, Status__c: 'Cancel Pending' })));
                await client.messageFlagsAdd(some.map(m => m.uid), ['\\Seen'], { uid: true });
            }
        }
        if (news) continue;
        const told = new Promise(done => { wake = done; });
        const idling = client.idle(); // the next command ends it
        idling.catch(() => {});
        await Promise.race([told, idling, lost]);
    }
}

const conn = await login();
if (way === 'naive') await naive(conn);
else for (;;) {
    try {
        await tuned(conn);
    } catch (err) {
        console.error(err.message);
        await new Promise(done => setTimeout(done, 500));
    }
}
