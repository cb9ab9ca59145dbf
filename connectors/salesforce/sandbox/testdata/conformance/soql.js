// Reads a list of statements from standard input, in JSON, and prints for each
// whether @jetstreamapp/soql-parser-js accepts it.
'use strict';
const {createRequire} = require('node:module');
const {isQueryValid} = createRequire(process.env.STANDDOWN_NPM + '/')('@jetstreamapp/soql-parser-js');

const statements = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(statements.map((soql) => isQueryValid(soql))));
