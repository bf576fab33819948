// Turns the R4 definitions into one compact table for the checker: of each type its elements with cardinality, types,
// reference targets, required bindings and the keys of its invariants; of each bound value set its codes. No prose.
//
//   TYPE NAME BASE           then one line for each element of its own:
//   PATH MIN MAX TYPES [@SET] [^KEY,KEY]     TYPES: code|code(target,target)|code! (no extension)|#path (content of another)
//   SET N CANONICAL          then one line for each system: SYSTEM CODE CODE …

const systemString = 'http://hl7.org/fhirpath/System.String';
const definitionBase = 'http://hl7.org/fhir/StructureDefinition/';
const structural = new Set(['ele-1', 'ext-1']);
// What XML writes as an attribute is typed by FHIRPath alone; with ! it can carry no extension.
const attributes = { 'Resource.id': 'id', 'Element.id': 'string!', 'Extension.url': 'uri!' };
const constrainedTypes = ['SimpleQuantity', 'MoneyQuantity'];

const last = (url) => url.slice(url.lastIndexOf('/') + 1);

function typeName(type, path) {
  if (type.code === systemString) return attributes[path];
  const profile = (type.profile ?? []).map(last).find((p) => constrainedTypes.includes(p));
  const targets = (type.targetProfile ?? []).map(last).filter((t) => t !== 'Resource');
  return (profile ?? type.code) + (type.code === 'Reference' && targets.length ? `(${targets.sort().join(',')})` : '');
}

function types(element) {
  if (element.contentReference) return element.contentReference.replace(/^#[A-Za-z]+\./, '#');
  return [...new Set(element.type.map((type) => typeName(type, element.path)))].join('|');
}

/** All codes of a value set by system, or null when the definitions do not enumerate them. */
class Expansion {
  constructor(core) {
    const of = (type) => [...core.values()].filter((r) => r.resourceType === type);
    this.sets = new Map(of('ValueSet').map((r) => [r.url, r]));
    this.systems = new Map(of('CodeSystem').map((r) => [r.url, r]));
  }

  codes(url) {
    const set = this.sets.get(url.split('|')[0]);
    if (!set?.compose) return null;
    const all = new Map();
    for (const include of set.compose.include) if (!this.add(all, include, true)) return null;
    for (const exclude of set.compose.exclude ?? []) if (!this.add(all, exclude, false)) return null;
    return all.size ? all : null;
  }

  add(all, part, including) {
    for (const other of part.valueSet ?? []) {
      const nested = this.codes(other);
      if (!nested || part.system) return false;
      for (const [system, codes] of nested) this.put(all, system, codes, including);
    }
    if (!part.system) return true;
    const codes = part.concept?.map((c) => c.code) ?? this.concepts(part);
    if (codes) this.put(all, part.system, codes, including);
    return Boolean(codes);
  }

  put(all, system, codes, including) {
    const known = all.get(system) ?? all.set(system, new Set()).get(system);
    for (const code of codes) including ? known.add(code) : known.delete(code);
  }

  concepts({ system, filter }) {
    const codeSystem = this.systems.get(system);
    if (codeSystem?.content !== 'complete') return null;
    const found = new Set();
    const parents = (c) => (c.property ?? []).filter((p) => p.code === 'subsumedBy').map((p) => p.valueCode);
    const walk = (concepts, ancestors) => {
      for (const concept of concepts ?? []) {
        const line = [...ancestors, ...parents(concept)];
        if ((filter ?? []).every((f) => f.op === 'is-a' && (concept.code === f.value || line.includes(f.value))))
          found.add(concept.code);
        walk(concept.concept, [...line, concept.code]);
      }
    };
    for (let size = -1; size !== found.size && (size = found.size, true);) walk(codeSystem.concept, []);
    return (filter ?? []).every((f) => f.op === 'is-a') ? found : null;
  }
}

/** The whole table as text. */
export function closure(core) {
  const definitions = [...core.values()].filter((r) => r.resourceType === 'StructureDefinition'
    && ['resource', 'complex-type'].includes(r.kind)
    && (r.derivation !== 'constraint' || constrainedTypes.includes(r.id)));
  const expansion = new Expansion(core);
  const sets = new Map();
  const lines = ['# Generated from the FHIR R4 4.0.1 definitions by `npm run build`. Do not edit.'];

  const bound = (element) => {
    if (element.binding?.strength !== 'required') return '';
    const url = element.binding.valueSet.split('|')[0];
    if (!sets.has(url)) sets.set(url, expansion.codes(url) && { number: sets.size, codes: expansion.codes(url) });
    return sets.get(url) ? ` @${sets.get(url).number}` : '';
  };

  for (const definition of definitions.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const [root, ...elements] = definition.differential.element;
    const base = definition.baseDefinition ? last(definition.baseDefinition) : '-';
    const keys = (e) => (e.constraint ?? []).map((c) => c.key).filter((k) => !structural.has(k));
    const invariants = (e) => (keys(e).length ? ` ^${keys(e).join(',')}` : '');
    lines.push(`TYPE ${definition.id} ${base}${invariants(root)}`);
    for (const element of elements) {
      const from = definition.snapshot.element.find((e) => e.id === element.id);
      const path = element.path.slice(element.path.indexOf('.') + 1);
      lines.push(`${path} ${from.min} ${from.max} ${types(from)}${bound(from)}${invariants(element)}`);
    }
  }

  for (const [url, set] of sets) {
    if (!set) continue;
    lines.push(`SET ${set.number} ${url}`);
    for (const [system, codes] of set.codes) lines.push([system, ...codes].join(' '));
  }

  return `${lines.join('\n')}\n`;
}
