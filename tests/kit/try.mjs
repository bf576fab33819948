// What a web developer does first with a FHIR client from npm: what the server can, a look-up, a listing page by page,
// a plan submitted, its history, a batch. Prints what came back as JSON; whoever runs it says what is right.
import { CapabilityTool, Client } from 'fhir-kit-client';

const [root, number, bundleText] = process.argv.slice(2);
const base = `${root}FHIR/R4`;

async function as(persona) {
  const anybody = new Client({ baseUrl: base });
  const { tokenUrl } = await anybody.smartAuthMetadata();
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: persona });
  const granted = await (await fetch(tokenUrl, { method: 'POST', body })).json();
  return new Client({ baseUrl: base, bearerToken: granted.access_token });
}

async function pages(client) {
  const seen = [];
  let page = await client.search({ resourceType: 'Flag', searchParams: { _count: '3' } });
  while (page) {
    seen.push((page.entry ?? []).map((entry) => entry.resource.id));
    page = await client.nextPage({ bundle: page });
  }

  return seen;
}

const doctor = await as('sandbox-ed-clinician');
const council = await as('sandbox-council-lancashire');
const statement = await doctor.capabilityStatement();
const can = new CapabilityTool(statement);
const submitted = await council.transaction({ body: JSON.parse(bundleText) });
const flag = submitted.entry[2].response.location.split('/').at(-3);
const lookUp = await doctor.search({ resourceType: 'Flag', searchParams: { patient: number, _include: 'Flag:author' } });
const posted = await doctor.search(
  { resourceType: 'Flag', searchParams: { patient: number }, options: { postSearch: true } });
const read = await doctor.read({ resourceType: 'Flag', id: flag });
const versions = await council.history({ resourceType: 'Flag', id: flag });
const refused = await doctor.search({ resourceType: 'Flag', searchParams: { status: 'active' } })
  .then(() => null, (error) => ({ status: error.response.status, outcome: error.response.data.resourceType }));
const canBatch = statement.rest[0].interaction.some((one) => one.code === 'batch');
const batch = canBatch
  ? await doctor.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Flag?patient=${number}` } },
        { request: { method: 'GET', url: 'Flag/none' } },
      ],
    },
  })
  : null;

console.log(JSON.stringify({
  fhirVersion: statement.fhirVersion,
  readsFlags: can.resourceCan('Flag', 'read'),
  deletesPatients: can.resourceCan('Patient', 'delete'),
  submitted: submitted.entry.map((entry) => entry.response.status),
  lookUp: lookUp.entry.map((entry) => entry.resource.resourceType),
  posted: posted.total,
  read: read.id === flag,
  versions: versions.total,
  refused,
  canBatch,
  batch: batch?.entry.map((entry) => entry.response.status),
  pages: await pages(council),
}));
