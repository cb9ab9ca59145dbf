// Calls off all contracts with jsforce: sets their status if it is still
// Active, comments on each, and withdraws the allocation of each. It prints how
// long that took, without logging in, and how many of the writes were refused.
//
//   naive   the way of jsforce's documentation: update and create with
//           allowRecursive, 200 records to a call, one call after the other
//   tuned   five collections to a composite call, and a call that fails is
//           repeated up to five times, as a careful engineer would do
//
// Wants ORG, the address of an org, and STANDDOWN_NPM, a directory whose
// node_modules has jsforce.
'use strict';
const {createRequire} = require('node:module');
const jsforce = createRequire(process.env.STANDDOWN_NPM + '/')('jsforce');

const version = '64.0';
const way = process.argv[2];

async function login() {
  const conn = new jsforce.Connection({
    loginUrl: process.env.ORG, instanceUrl: process.env.ORG, version,
    oauth2: {loginUrl: process.env.ORG, clientId: 'sandbox', clientSecret: 'secret'},
    refreshFn: (c, done) => login().then((fresh) => done(null, fresh.accessToken), done),
  });
  await conn.authorize({grant_type: 'client_credentials'});
  return conn;
}

const chunks = (list, n) => Array.from({length: Math.ceil(list.length / n)}, (_, i) => list.slice(i * n, (i + 1) * n));

async function insist(call) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (err) {
      if (attempt === 5) throw err;
      await new Promise((done) => setTimeout(done, 100 * attempt));
    }
  }
}

// together writes records in collections of 200, five to a call, and once more
// those whose row was locked.
async function together(conn, method, type, records, attempt = 1) {
  let refused = 0;
  const locked = [];
  for (const five of chunks(chunks(records, 200), 5)) {
    const compositeRequest = five.map((part, i) => ({
      method, url: `/services/data/v${version}/composite/sobjects`, referenceId: 'part' + i,
      body: {allOrNone: false, records: part.map((r) => ({attributes: {type}, ...r}))},
    }));
    const answer = await insist(() => conn.requestPost(`/services/data/v${version}/composite`, {compositeRequest}));
    answer.compositeResponse.forEach((part, i) => part.body.forEach((result, j) => {
      if (result.success) return;
      if (result.errors[0].statusCode === 'UNABLE_TO_LOCK_ROW' && attempt < 5) locked.push(five[i][j]);
      else refused++;
    }));
  }
  return refused + (locked.length ? await together(conn, method, type, locked, attempt + 1) : 0);
}

const refusals = (results) => results.filter((r) => !r.success).length;

async function main() {
  const conn = await login();
  const began = performance.now();
  const read = (soql) => insist(() => conn.query(soql, {autoFetch: true, maxFetch: 100000}));
  const workflows = (await read("SELECT Id FROM Workflow__c WHERE Status__c = 'Active'")).records;
  const allocations = (await read("SELECT Id FROM sked__Job_Allocation__c WHERE sked__Status__c = 'Dispatched'")).records;
  const statuses = workflows.map((w) => ({Id: w.Id, Status__c: 'Cancelled'}));
  const comments = workflows.map((w) => ({ParentId: w.Id, Body: 'Cancelled as asked.'}));
  const withdrawn = allocations.map((a) => ({Id: a.Id, sked__Status__c: 'Deleted'}));
  let refused = 0;
  if (way === 'naive') {
    refused += refusals(await conn.sobject('Workflow__c').update(statuses, {allowRecursive: true}));
    refused += refusals(await conn.sobject('FeedItem').create(comments, {allowRecursive: true}));
    refused += refusals(await conn.sobject('sked__Job_Allocation__c').update(withdrawn, {allowRecursive: true}));
  } else {
    refused += await together(conn, 'PATCH', 'Workflow__c', statuses);
    refused += await together(conn, 'POST', 'FeedItem', comments);
    refused += await together(conn, 'PATCH', 'sked__Job_Allocation__c', withdrawn);
  }
  console.log(JSON.stringify({milliseconds: performance.now() - began, refused}));
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
