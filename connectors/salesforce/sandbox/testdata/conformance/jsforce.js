// Does with jsforce what people do with jsforce, and prints what came of it.
// Wants ORG, the address of an org, and STANDDOWN_NPM, a directory whose
// node_modules has jsforce.
'use strict';
const {createRequire} = require('node:module');
const jsforce = createRequire(process.env.STANDDOWN_NPM + '/')('jsforce');

async function login() {
  const conn = new jsforce.Connection({
    loginUrl: process.env.ORG,
    instanceUrl: process.env.ORG,
    version: '64.0',
    oauth2: {loginUrl: process.env.ORG, clientId: 'sandbox', clientSecret: 'secret'},
    refreshFn: (c, done) => login().then((fresh) => done(null, fresh.accessToken), done),
  });
  await conn.authorize({grant_type: 'client_credentials'});
  return conn;
}

const code = (promise) => promise.then(() => 'accepted', (err) => err.errorCode || err.name);

async function main() {
  const conn = await login();
  const saw = {};
  saw.user = (await conn.identity()).username;

  const crowd = Array.from({length: 450}, (_, i) => ({LastName: `Crow ${String(i).padStart(3, '0')}`}));
  const made = await conn.sobject('Contact').create(crowd, {allowRecursive: true});
  saw.made = made.filter((r) => r.success).length;
  const pages = await conn.query('SELECT Id, LastName FROM Contact ORDER BY LastName', {autoFetch: true, maxFetch: 10000, headers: {'Sforce-Query-Options': 'batchSize=200'}});
  saw.read = pages.records.length;

  const [first, second, third] = pages.records;
  await conn.sobject('Contact').update({Id: first.Id, Phone: '1'});
  await conn.sobject('Contact').update([{Id: second.Id, Phone: '2'}, {Id: third.Id, Phone: '3'}]);
  saw.phones = (await conn.sobject('Contact').find({Phone: {$ne: null}}, 'Phone').sort('Phone').execute()).map((r) => r.Phone);
  saw.retrieved = (await conn.sobject('Contact').retrieve([first.Id, third.Id])).map((r) => r.Phone);

  const upsert = (fields) => conn.sobject('Workflow__c').upsert(fields, 'Contract_Id__c');
  saw.upserts = [
    (await upsert({Contract_Id__c: 'C-1', Name: 'W-1', Homeowner__c: first.Id})).created,
    (await upsert({Contract_Id__c: 'C-1', Name: 'W-2'})).created,
  ];
  const family = await conn.query("SELECT LastName, (SELECT Name FROM Workflows__r) FROM Contact WHERE Id IN (SELECT Homeowner__c FROM Workflow__c)");
  saw.family = family.records.map((r) => r.Workflows__r.records[0].Name);

  await conn.sobject('Contact').destroy(second.Id);
  saw.again = await code(conn.sobject('Contact').destroy(second.Id));
  saw.left = (await conn.query('SELECT Id FROM Contact')).totalSize;
  saw.all = (await conn.query('SELECT Id FROM Contact', {scanAll: true})).totalSize;
  const now = Date.now(), minute = 60 * 1000;
  saw.deleted = (await conn.sobject('Contact').deleted(new Date(now - 5 * minute), new Date(now + minute))).deletedRecords.map((r) => r.id === second.Id);
  saw.updated = (await conn.sobject('Contact').updated(new Date(now - 5 * minute), new Date(now + minute))).ids.length;

  saw.refusals = {
    malformed: await code(conn.query('SELECT Id FRM Contact')),
    unknown: await code(conn.query('SELECT Nonsense__c FROM Contact')),
    missing: await code(conn.sobject('Contact').create({FirstName: 'Ann'})),
    choice: await code(conn.sobject('Workflow__c').create({Status__c: 'Gone'})),
  };

  conn.bulk2.pollInterval = 20;
  conn.bulk2.pollTimeout = 10000;
  const bulk = await conn.bulk2.loadAndWaitForResults({object: 'Account', operation: 'insert', input: [{Name: 'Acme', Phone: '1'}, {Name: 'Zenith', Phone: '2'}, {Name: '', Phone: '3'}]});
  saw.bulk = [bulk.successfulResults.length, bulk.failedResults.length];
  const stream = await conn.bulk2.query('SELECT Name FROM Account ORDER BY Name');
  saw.exported = (await stream.toArray()).map((r) => r.Name);

  const describe = await conn.sobject('Workflow__c').describe();
  saw.described = describe.fields.find((f) => f.name === 'Contract_Id__c').externalId;
  saw.objects = (await conn.describeGlobal()).sobjects.some((o) => o.name === 'Workflow__c');
  const composite = await conn.requestPost('/services/data/v64.0/composite', {compositeRequest: [
    {method: 'POST', url: '/services/data/v64.0/sobjects/Account', referenceId: 'a', body: {Name: 'Composed'}},
    {method: 'POST', url: '/services/data/v64.0/sobjects/Contact', referenceId: 'b', body: {LastName: 'Composed', AccountId: '@{a.id}'}},
  ]});
  saw.composite = composite.compositeResponse.map((r) => r.httpStatusCode);

  await fetch(process.env.ORG + '/sandbox/sessions', {method: 'DELETE'});
  saw.renewed = (await conn.query('SELECT Id FROM Account')).totalSize;
  saw.limit = (await conn.limits()).DailyApiRequests.Max;
  saw.usage = conn.limitInfo.apiUsage.limit;
  console.log(JSON.stringify(saw));
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
