// Compiles input/fsh to fsh-generated/resources, and the R4 definitions to fsh-generated/r4-closure.txt.
// The output is committed and must be byte-identical on every machine.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fsh from 'fsh-sushi';
import loader from 'fhir-package-loader';
import { closure } from './closure.mjs';
import { readDefinitions } from './definitions.mjs';

const { fhirdefs, sushiImport, sushiExport, utils } = fsh;
const here = path.dirname(fileURLToPath(import.meta.url));
const resources = path.join(here, 'fsh-generated', 'resources');
// Prose of the base definitions that repeats what every reader of FHIR has at hand: it only fattens the snapshots.
const prose = ['comment', 'requirements', 'alias', 'mapping'];

async function compile(core) {
  utils.logger.level = 'warn';
  const tank = utils.fillTank(utils.getRawFSHes(path.join(here, 'input', 'fsh')), utils.readConfig(here));
  tank.checkDuplicateNameEntities();
  const definitions = await fhirdefs.createFHIRDefinitions();
  const name = 'hl7.fhir.r4.core';
  await definitions.loadVirtualPackage(new loader.InMemoryVirtualPackage({ name, version: '4.0.1' }, core));
  definitions.optimize();
  const exported = sushiExport.exportFHIR(tank, definitions);
  fs.rmSync(resources, { recursive: true, force: true });
  utils.ensureOutputDir(path.join(here, 'input', 'fsh'));
  utils.writeFHIRResources(here, exported, definitions, true);
}

function slim(file) {
  const resource = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const element of resource.snapshot?.element ?? []) for (const key of prose) delete element[key];
  fs.writeFileSync(file, `${JSON.stringify(resource, null, 2)}\n`);
}

/** What was made from what, so that a forgotten build is noticed where there is no Node. */
function manifest() {
  const listed = ['input', 'fsh-generated/resources', 'fsh-generated/r4-closure.txt', 'package-lock.json',
    'package.json', 'sushi-config.yaml', 'build.mjs', 'closure.mjs', 'definitions.mjs'];
  const files = listed.flatMap((name) => {
    const at = path.join(here, name);
    return fs.statSync(at).isDirectory()
      ? fs.readdirSync(at, { recursive: true }).map((inner) => `${name}/${inner.split(path.sep).join('/')}`)
      : [name];
  }).filter((name) => fs.statSync(path.join(here, name)).isFile());
  const digest = (name) => createHash('sha256').update(fs.readFileSync(path.join(here, name))).digest('hex');
  return files.sort().map((name) => `${digest(name)}  ${name}\n`).join('');
}

const core = readDefinitions();
const table = closure(core);
await compile(core);
const written = fs.readdirSync(resources).sort();
fs.writeFileSync(path.join(here, 'fsh-generated', 'r4-closure.txt'), table);
for (const file of written) slim(path.join(resources, file));
fs.writeFileSync(path.join(here, 'fsh-generated', 'made-from.sha256'), manifest());
const { numError: errors, numWarn: warnings } = utils.stats;
console.log(`profiles: ${written.length} resources, ${errors} errors, ${warnings} warnings`);
process.exit(errors + warnings === 0 ? 0 : 1);
