// Closed content: what is not asked for is refused, so that nothing a council should not share is stored by accident.
RuleSet: Closed
* implicitRules 0..0
* text 0..0
* contained 0..0
* modifierExtension 0..0

RuleSet: NoExtension
* extension 0..0

RuleSet: OnlyListedExtensions
* extension ^slicing.discriminator.type = #value
* extension ^slicing.discriminator.path = "url"
* extension ^slicing.rules = #closed

// An identifier carries its system and value; type, assigner and period would be places for free text.
RuleSet: PlainIdentifier(element)
* {element}.type 0..0
* {element}.period 0..0
* {element}.assigner 0..0

// A person is named by NHS number: as Patient/ and the number, as an identifier, or both.
// A display is tolerated and not stored.
RuleSet: PersonReference(element)
* {element} 1..1
* {element} only Reference(CpIsPatient)
* {element} obeys cpis-person-1 and cpis-person-2
* {element}.type = "Patient"
* {element}.identifier.system 1..1
* {element}.identifier.system = $NhsNumber
* {element}.identifier.value 1..1
* {element}.identifier obeys cpis-nhs-1
* insert PlainIdentifier({element}.identifier)
* {element}.display ^short = "Tolerated and not stored"

RuleSet: CouncilReference(element)
* {element} 0..1
* {element} only Reference(CpIsOrganization)
* {element} obeys cpis-organization-1
* {element}.type = "Organization"
* {element}.identifier.system 1..1
* {element}.identifier.system = $OdsCode
* {element}.identifier.value 1..1
* insert PlainIdentifier({element}.identifier)
* {element}.display ^short = "Tolerated and not stored"

// The plan's own number at the council: council-plan/{ODS code} and at most 64 characters.
RuleSet: PlanIdentifier
* identifier 1..1
* identifier obeys cpis-plan-1
* identifier.system 1..1
* identifier.value 1..1
* identifier.value ^maxLength = 64
* identifier.value obeys cpis-text-1
* insert PlainIdentifier(identifier)

RuleSet: PlanPeriod
* period 1..1
* period.start 1..1
* period.start obeys cpis-date-1
* period.end obeys cpis-date-1
