// The pristine FHIR R4 4.0.1 definitions, read from the pinned package: no home-directory cache, no network.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.join(here, 'node_modules', '@medplum', 'definitions', 'lib', 'fhir', 'r4');
const files = [
  'profiles-types', 'profiles-resources', 'profiles-others', 'extension-definitions',
  'valuesets', 'v3-codesystems', 'v2-tables', 'search-parameters', 'conceptmaps',
];
// The package adds three search parameters of its own to those of HL7.
const foreign = new Set(['JsonWebKey-active', 'Project-name', 'User-email']);

// Extensions of others that we accept: of UK Core on an NHS number, of the backport guide on a Subscription. Their
// definitions belong to their owners: only address and shape are named here, so that a profile can refer to them, and
// nothing of them is generated.
const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-';
const acceptedExtensions = [
  ['https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus', 'CodeableConcept',
    'Identifier'],
  [`${backport}filter-criteria`, 'string', 'Subscription.criteria'],
  [`${backport}payload-content`, 'code', 'Subscription.channel.payload'],
  [`${backport}heartbeat-period`, 'unsignedInt', 'Subscription.channel'],
  [`${backport}timeout`, 'unsignedInt', 'Subscription.channel'],
  [`${backport}max-count`, 'positiveInt', 'Subscription.channel'],
];

function acceptedExtension(url, type, context, core) {
  const definition = structuredClone(core.get('StructureDefinition-Extension'));
  const { element } = definition.snapshot;
  const find = (id) => element.find((e) => e.id === id);
  find('Extension.url').fixedUri = url;
  find('Extension.extension').max = '0';
  Object.assign(find('Extension.value[x]'), { min: 1, type: [{ code: type }] });
  const id = url.slice(url.lastIndexOf('/') + 1);
  const base = 'http://hl7.org/fhir/StructureDefinition/Extension';
  delete definition.differential;
  Object.assign(definition, { id, url, name: id, baseDefinition: base, derivation: 'constraint' });
  definition.context = [{ type: 'element', expression: context }];
  return definition;
}

/** All resources of the R4 core package, keyed as the FSH compiler wants them; the first of a key wins. */
export function readDefinitions() {
  const all = new Map();
  for (const file of files) {
    const text = fs.readFileSync(path.join(folder, `${file}.json`), 'utf8').replace(/^\uFEFF/, '');
    for (const { resource } of JSON.parse(text).entry) {
      const key = `${resource.resourceType}-${resource.id}`;
      if (foreign.has(resource.id) || all.has(key)) continue;
      delete resource.text;
      all.set(key, resource);
    }
  }
  for (const [url, type, context] of acceptedExtensions) {
    const accepted = acceptedExtension(url, type, context, all);
    all.set(`StructureDefinition-${accepted.id}`, accepted);
  }
  return all;
}
