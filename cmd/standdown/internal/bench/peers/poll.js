// Polls five objects with jsforce, a line on standard input being a cycle, and
// prints for each how many rows were new, until standard input ends.
//
//   naive   one query for each object
//   tuned   the five in one composite call
//
// Both read ten minutes back each time, as rows become visible late, and keep
// what they have seen. Wants ORG and STANDDOWN_NPM, see writeback.js.
'use strict';
const {createRequire} = require('node:module');
const readline = require('node:readline');
const jsforce = createRequire(process.env.STANDDOWN_NPM + '/')('jsforce');

const version = '64.0';
const way = process.argv[2];
const objects = process.argv.slice(3);

async function main() {
  const conn = new jsforce.Connection({
    loginUrl: process.env.ORG, instanceUrl: process.env.ORG, version,
    oauth2: {loginUrl: process.env.ORG, clientId: 'sandbox', clientSecret: 'secret'},
  });
  await conn.authorize({grant_type: 'client_credentials'});
  const seen = new Map(), newest = new Map();

  const soql = (object) => {
    const since = newest.has(object) ? ` WHERE SystemModstamp >= ${new Date(newest.get(object) - 600e3).toISOString()}` : '';
    return `SELECT Id, SystemModstamp FROM ${object}${since} ORDER BY SystemModstamp, Id`;
  };
  const follow = async (object, page) => {
    let fresh = 0;
    for (;;) {
      for (const r of page.records) {
        newest.set(object, Math.max(newest.get(object) || 0, Date.parse(r.SystemModstamp)));
        if (seen.get(r.Id) !== r.SystemModstamp) fresh++;
        seen.set(r.Id, r.SystemModstamp);
      }
      if (page.done) return fresh;
      page = await conn.queryMore(page.nextRecordsUrl);
    }
  };
  const cycle = async () => {
    let fresh = 0;
    if (way === 'naive') {
      for (const object of objects) fresh += await follow(object, await conn.query(soql(object)));
      return fresh;
    }
    const answer = await conn.requestPost(`/services/data/v${version}/composite`, {compositeRequest: objects.map((object) => (
      {method: 'GET', url: `/services/data/v${version}/query?q=${encodeURIComponent(soql(object))}`, referenceId: object}))});
    for (const part of answer.compositeResponse) fresh += await follow(part.referenceId, part.body);
    return fresh;
  };
  for await (const line of readline.createInterface({input: process.stdin})) {
    const began = performance.now();
    const fresh = await cycle();
    console.log(JSON.stringify({line, fresh, milliseconds: performance.now() - began}));
  }
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
