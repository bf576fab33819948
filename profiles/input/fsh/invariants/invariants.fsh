Invariant: cpis-closed-1
Description: "Only the extensions named in the profile may be sent, at the places it names"
Severity: #error
Expression: "descendants().modifierExtension.empty() and descendants().extension.count() = descendants().ofType(Identifier).extension.count() + meta.extension.count() + meta.descendants().extension.count()"

Invariant: cpis-nhs-1
Description: "An NHS number is ten digits, the last of which is the modulus 11 check digit"
Severity: #error
Expression: "value.exists().not() or (value.matches('^[0-9]{10}$') and value != '0000000000' and ((11 - ((value.substring(0,1).toInteger() * 10 + value.substring(1,1).toInteger() * 9 + value.substring(2,1).toInteger() * 8 + value.substring(3,1).toInteger() * 7 + value.substring(4,1).toInteger() * 6 + value.substring(5,1).toInteger() * 5 + value.substring(6,1).toInteger() * 4 + value.substring(7,1).toInteger() * 3 + value.substring(8,1).toInteger() * 2) mod 11)) mod 11) = value.substring(9,1).toInteger())"

Invariant: cpis-nhs-2
Description: "An NHS number in a row is ten digits, the last of which is the modulus 11 check digit; spaces are ignored"
Severity: #error
Expression: "value.exists().not() or (value.replace(' ', '').matches('^[0-9]{10}$') and value.replace(' ', '') != '0000000000' and ((11 - ((value.replace(' ', '').substring(0,1).toInteger() * 10 + value.replace(' ', '').substring(1,1).toInteger() * 9 + value.replace(' ', '').substring(2,1).toInteger() * 8 + value.replace(' ', '').substring(3,1).toInteger() * 7 + value.replace(' ', '').substring(4,1).toInteger() * 6 + value.replace(' ', '').substring(5,1).toInteger() * 5 + value.replace(' ', '').substring(6,1).toInteger() * 4 + value.replace(' ', '').substring(7,1).toInteger() * 3 + value.replace(' ', '').substring(8,1).toInteger() * 2) mod 11)) mod 11) = value.replace(' ', '').substring(9,1).toInteger())"

Invariant: cpis-person-1
Description: "A person is referred to by NHS number: Patient/ and ten digits, an entry of the same Bundle, or an identifier"
Severity: #error
Expression: "(reference.exists() or identifier.exists()) and (reference.exists().not() or reference.matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') or (reference.matches('^(https?://[^?#]+/)?Patient/[0-9]{10}$') and reference.substring(reference.length() - 10) != '0000000000' and ((11 - ((reference.substring(reference.length() - 10).substring(0,1).toInteger() * 10 + reference.substring(reference.length() - 10).substring(1,1).toInteger() * 9 + reference.substring(reference.length() - 10).substring(2,1).toInteger() * 8 + reference.substring(reference.length() - 10).substring(3,1).toInteger() * 7 + reference.substring(reference.length() - 10).substring(4,1).toInteger() * 6 + reference.substring(reference.length() - 10).substring(5,1).toInteger() * 5 + reference.substring(reference.length() - 10).substring(6,1).toInteger() * 4 + reference.substring(reference.length() - 10).substring(7,1).toInteger() * 3 + reference.substring(reference.length() - 10).substring(8,1).toInteger() * 2) mod 11)) mod 11) = reference.substring(reference.length() - 10).substring(9,1).toInteger()))"

Invariant: cpis-person-2
Description: "The reference and the identifier name the same person"
Severity: #error
Expression: "reference.exists().not() or identifier.value.exists().not() or reference.startsWith('urn:uuid:') or reference.endsWith('Patient/' & identifier.value)"

Invariant: cpis-organization-1
Description: "An organisation is referred to by Organization/ and its id, an entry of the same Bundle, or its ODS code"
Severity: #error
Expression: "(reference.exists() or identifier.exists()) and (reference.exists().not() or reference.matches('^(https?://[^?#]+/)?Organization/[A-Za-z0-9.-]{1,64}$') or reference.matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'))"

Invariant: cpis-episode-1
Description: "The detail is one EpisodeOfCare: EpisodeOfCare/ and its id, or an entry of the same Bundle"
Severity: #error
Expression: "reference.exists() and (reference.matches('^(https?://[^?#]+/)?EpisodeOfCare/[A-Za-z0-9.-]{1,64}$') or reference.matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'))"

Invariant: cpis-plan-1
Description: "A plan is identified by the council's own number in the council's own system"
Severity: #error
Expression: "system.matches('^https://fhir.cpis.example/Id/council-plan/[A-Z0-9]{1,12}$')"

Invariant: cpis-identifier-1
Description: "Beside the NHS number only the council's own person number is kept, as type PI"
Severity: #error
Expression: "system = 'https://fhir.nhs.uk/Id/nhs-number' or (extension.empty() and system.matches('^https://fhir.cpis.example/Id/council-person/[A-Z0-9]{1,12}$') and value.exists() and type.coding.where(system = 'http://terminology.hl7.org/CodeSystem/v2-0203' and code = 'PI').exists())"

Invariant: cpis-date-1
Description: "A full date: year, month and day"
Severity: #error
Expression: "toString().matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"

Invariant: cpis-status-1
Description: "A finished plan has an end date"
Severity: #error
Expression: "status != 'finished' or period.end.exists()"

Invariant: cpis-due-1
Description: "Only an unborn child plan has an expected due date"
Severity: #error
Expression: "extension.where(url = 'https://fhir.cpis.example/StructureDefinition/Extension-CpIs-DueDate').empty() or type.coding.where(code = '818901000000100').exists()"

Invariant: cpis-follows-1
Description: "Only a child's plan follows an unborn child plan"
Severity: #error
Expression: "extension.where(url = 'https://fhir.cpis.example/StructureDefinition/Extension-CpIs-FollowsPlan').empty() or type.coding.where(code = '818901000000100').empty()"

Invariant: cpis-text-1
Description: "Text that says something: not spaces alone"
Severity: #error
Expression: "matches('^(.|\\n|\\r)*[^ \\t\\r\\n](.|\\n|\\r)*$')"

Invariant: cpis-time-1
Description: "A date with its time and zone"
Severity: #error
Expression: "toString().length() > 10"

Invariant: cpis-attendance-1
Description: "One type is the setting; a second, if there is one, is the category"
Severity: #error
Expression: "type.empty() or type.coding.where(code = 'first-attendance' or code = 'unplanned-follow-up' or code = 'unplanned-follow-up-elsewhere' or code = 'planned-follow-up').count() = type.count() - 1"
