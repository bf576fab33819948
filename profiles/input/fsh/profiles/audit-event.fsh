Alias: $ObjectRole = http://terminology.hl7.org/CodeSystem/object-role

Profile: CpIsAuditEvent
Parent: AuditEvent
Id: CpIs-AuditEvent
Title: "Ledger entry"
Description: "One entry of the ledger with the content of IHE BALP: who, for whom, when, what was disclosed."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* type.system 1..1
* type.code 1..1
* subtype 1..*
* subtype.system 1..1
* subtype.code 1..1
* action 1..1
* period 0..0
* outcome 1..1
* agent.type 1..1
* agent.who 1..1
* agent.media 0..0
* source.site 0..1
* source.type 1..*
* entity ^slicing.discriminator.type = #value
* entity ^slicing.discriminator.path = "role.code"
* entity ^slicing.rules = #open
* entity contains patient 0..* and query 0..1 and data 0..*
* entity[patient].type 1..1
* entity[patient].role 1..1
* entity[patient].role.system 1..1
* entity[patient].role.system = $ObjectRole
* entity[patient].role.code 1..1
* entity[patient].role.code = #1 (exactly)
* entity[patient].what 1..1
* entity[patient].what.identifier 1..1
* entity[patient].what.identifier.system 1..1
* entity[patient].what.identifier.system = $NhsNumber
* entity[patient].what.identifier.value 1..1
* entity[patient].what.identifier obeys cpis-nhs-1
* entity[query].type 1..1
* entity[query].role 1..1
* entity[query].role.system 1..1
* entity[query].role.system = $ObjectRole
* entity[query].role.code 1..1
* entity[query].role.code = #24 (exactly)
* entity[query].query 1..1
* entity[data].type 1..1
* entity[data].role 1..1
* entity[data].role.system 1..1
* entity[data].role.system = $ObjectRole
* entity[data].role.code 1..1
* entity[data].role.code = #4 (exactly)
* entity[data].what 1..1
